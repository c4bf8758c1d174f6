// Claims from `provisioner serve` with the OIDC token of the job: the runner has no key, and needs no provisioner.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");

const { send, serverUrl } = require("./https");
const { Failed, runAddress } = require("./program");
const { input, mask, saveState, state } = require("./workflow_commands");

const LONGEST_WAIT = 600; // seconds that the server lets one request wait
const AGAIN_AFTER = 5; // seconds after an answer that says: try again
const TRIES_MIN = 60; // seconds in which a server that is away is tried again
const TOKEN_LASTS = 240; // seconds; GitHub's tokens are valid for at least 300
const AWAY = [429, 503, 504];
const EXIT_CODES = { no_org_available: 3, login_refused: 5 };

/** Claim an org and get its session; returns { org, session }. `file` keeps the org for the post step. */
async function claim(file) {
  if (!input("pool")) throw new Failed("with the input server, the input pool must be given", 2);
  const key = input("idempotency-key") || crypto.randomUUID();
  saveState("key", key); // before the claim: the post step finds the org by it if the answer is lost
  const body = { pool: input("pool"), idempotency_key: key, purpose: input("purpose") || runAddress() };
  for (const [name, from] of [["lease", "lease"], ["min_life", "min-life"]]) if (input(from)) body[name] = input(from);
  const end = Date.now() + seconds(input("wait") || "0s") * 1000;
  const org = await claimed(body, end);
  fs.writeFileSync(file, JSON.stringify(org), { mode: 0o600 });
  const session = await call("POST", `/v1/claims/${encodeURIComponent(org.username)}/session`);
  return { org, session };
}

/** The org of a claim that waits until `end`, in parts that the server allows. */
async function claimed(body, end) {
  for (;;) {
    const wait = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    const part = Math.min(wait, LONGEST_WAIT);
    try {
      return await call("POST", "/v1/claims", { ...body, ...(part ? { wait: `${part}s` } : {}) }, part);
    } catch (error) {
      if (error.code !== EXIT_CODES.no_org_available || Date.now() >= end) throw error;
    }
  }
}

/** Release the org of the main step; returns its username, "" if none was claimed. `username` is "" if not known. */
async function release(username) {
  const known = username || (await usernameOfKey());
  if (known) await call("POST", `/v1/claims/${encodeURIComponent(known)}/release`, {});
  return known;
}

/** The org that was claimed although the main step did not get the answer. */
async function usernameOfKey() {
  if (!state("key")) return "";
  const { orgs } = await call("GET", `/v1/orgs?idempotency_key=${encodeURIComponent(state("key"))}`);
  return orgs.length ? orgs[0].username : "";
}

/** Call the API; again while the server is away, at least for TRIES_MIN. Throws Failed. */
async function call(method, path, body, wait = 0) {
  const url = new URL(path, serverUrl(input("server")));
  const end = Date.now() + Math.max(wait, TRIES_MIN) * 1000;
  for (;;) {
    let answer;
    let problem;
    try {
      answer = await send(method, url, await token(), { body, seconds: wait + 60 });
      if (answer.status < 300 && answer.document) return answer.document;
      problem = failed(url, answer);
    } catch (error) {
      if (error instanceof Failed) throw error;
      problem = new Failed(`${url.origin} is not reached: ${error.message}`, 9);
    }
    if ((answer && !isAway(answer)) || Date.now() > end) throw problem;
    await new Promise((resume) => { setTimeout(resume, AGAIN_AFTER * 1000); });
  }
}

/** Whether the same request may succeed later; a 502 of provisioner itself is a refused login, of a proxy it is not. */
function isAway({ status, document }) {
  return AWAY.includes(status) || (status === 502 && !(document && document.error));
}

function failed(url, { status, document }) {
  const error = document && document.error;
  if (!error) return new Failed(`${url.origin} answered with HTTP ${status}; is it the address of provisioner serve?`, 1);
  return new Failed(error.hint ? `${error.message}\n${error.hint}` : error.message, EXIT_CODES[error.code] || 1);
}

let kept = { value: "", since: 0 };

/** The OIDC token of the job, for the audience of the server. */
async function token() {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = process.env;
  if (!address || !secret) {
    throw new Failed("the job gets no OIDC token\nadd to the job: permissions: { id-token: write, contents: read }", 2);
  }
  if (Date.now() - kept.since > TOKEN_LASTS * 1000) {
    const url = new URL(address);
    url.searchParams.set("audience", input("audience"));
    const { status, document } = await send("GET", url, secret);
    if (!document || !document.value) throw new Error(`GitHub gave no OIDC token: HTTP ${status}`);
    mask(document.value);
    kept = { value: document.value, since: Date.now() };
  }
  return kept.value;
}

function seconds(text) {
  const match = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (!match) throw new Failed(`the input wait is ${JSON.stringify(text)}; write it as 10m`, 2);
  const [days, hours, minutes, rest] = match.slice(1).map((part) => Number(part || 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + rest;
}

module.exports = { claim, release };
