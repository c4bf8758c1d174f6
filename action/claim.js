// The main step: claims an org, logs in to it, sets the outputs.
"use strict";

const crypto = require("node:crypto");
const path = require("node:path");

const { call, install, logInSf, runAddress } = require("./program");
const server = require("./server");
const { annotate, input, isTrue, mask, saveState, setOutput } = require("./workflow_commands");

async function main() {
  if (input("private-key").includes("-----BEGIN")) mask(input("private-key")); // else the path of a file
  const [wantsToken, wantsSf] = [isTrue("access-token"), isTrue("sf")];
  isTrue("release"); // a wrong value is an error now, not at the end of the job
  // Kept before the claim: if this process is killed, the post step finds there which org was claimed.
  const file = path.join(process.env.RUNNER_TEMP, `claim-${crypto.randomUUID()}.json`);
  saveState("claim", file);
  const { org, session } = await (input("server") ? fromServer(file, wantsSf) : fromLedger(file, wantsSf));
  mask(session.access_token);
  setOutput("username", org.username);
  setOutput("org-id", session.org_id);
  setOutput("instance-url", session.instance_url);
  setOutput("login-url", org.login_url);
  setOutput("expires-at", org.expires_at);
  if (wantsToken) setOutput("access-token", session.access_token);
  process.stdout.write(`Claimed ${org.username} for ${org.owner}: ${session.instance_url}\n`);
}

async function fromLedger(file, wantsSf) {
  const program = await install();
  saveState("program", program);
  const org = await call(program, ["claim", ...claimOptions()], { file });
  const login = ["login", org.username, "--owner", input("owner"), "--strict", ...sfOptions(wantsSf)];
  return { org, session: await call(program, login) };
}

async function fromServer(file, wantsSf) {
  const { org, session } = await server.claim(file);
  mask(session.access_token);
  if (wantsSf) await logInSf(session, input("alias"));
  return { org, session };
}

function claimOptions() {
  const names = ["pool", "owner", "purpose", "lease", "wait", "min-life", "idempotency-key"];
  const given = names.map((name) => [name, input(name) || (name === "purpose" ? runAddress() : "")]);
  return given.filter(([, value]) => value).flatMap(([name, value]) => [`--${name}`, value]);
}

function sfOptions(isWanted) {
  if (!isWanted) return [];
  return ["--sf", "--default", ...(input("alias") ? ["--alias", input("alias")] : [])];
}

main().catch((error) => {
  annotate("error", error.message);
  process.exitCode = Number.isInteger(error.code) ? error.code : 1; // of Node itself: a word
});
