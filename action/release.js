// The post step: releases the org, also if the job failed or was cancelled.
"use strict";

const fs = require("node:fs");

const { call, read } = require("./program");
const server = require("./server");
const { annotate, input, isTrue, state } = require("./workflow_commands");

const NONE = "No org was claimed, so none is released.\n";

async function main() {
  if (input("server") && isTrue("release")) {
    const username = await server.release(claimed());
    process.stdout.write(username ? `Released ${username}.\n` : NONE);
    return;
  }
  const username = claimed();
  if (!username) {
    process.stdout.write(NONE);
  } else if (!isTrue("release")) {
    process.stdout.write(`${username} stays claimed until its lease ends (release: false).\n`);
  } else {
    await call(state("program"), ["release", username, "--owner", input("owner")]);
    process.stdout.write(`Released ${username}.\n`);
  }
}

/** The org that the main step has claimed; "" if the claim failed or was interrupted. */
function claimed() {
  const file = state("claim");
  if (!file || !fs.existsSync(file)) return "";
  return (read(fs.readFileSync(file, "utf8")) || {}).username || "";
}

// The job's result is that of its steps: an org that could not be released costs only its lease.
main().catch((error) => {
  annotate("warning", `${claimed() || "An org that was claimed"} was not released, and is deleted after its lease: ${error.message}`);
});
