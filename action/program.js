// Installs provisioner and calls it.
"use strict";

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const { addPath, group, endGroup, input } = require("./workflow_commands");

const ROOT = path.join(__dirname, "..");
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** A call that failed: `code` is its exit code, `message` what to show. */
class Failed extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** Install provisioner as the input `install` says; returns the path of the program. */
async function install() {
  const wanted = input("install");
  if (wanted === "none") return "provisioner";
  const folder = path.join(process.env.RUNNER_TEMP, "provisioner");
  const python = path.join(folder, "bin", "python");
  const program = path.join(folder, "bin", "provisioner");
  if (fs.existsSync(program)) return program; // an earlier step of the job has installed it
  group("Install provisioner");
  await checked("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
    "provisioner needs Python 3.11 or newer: add a step with actions/setup-python before");
  await checked("python3", ["-m", "venv", folder], "python3 cannot make a virtual environment");
  const pip = (...what) => checked(
    python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...what],
    "pip could not install provisioner");
  if (wanted) {
    await pip(wanted);
  } else {
    await pip("--require-hashes", "--requirement", path.join(ROOT, "requirements.lock"));
    await pip("--no-deps", ROOT);
  }
  addPath(path.dirname(program));
  endGroup();
  return program;
}

/**
 * Run a program, with `keys` in its environment; returns { code, text }: `text` is its standard output. With `file`,
 * that is also kept in the file while the program runs. A signal is passed on, and the program may clean up.
 */
function run(program, args, { file = "", keys = {} } = {}) {
  const out = file ? fs.openSync(file, "w", 0o600) : "pipe";
  const child = spawn(program, args, {
    cwd: path.resolve(input("working-directory") || "."),
    env: { ...environment(), ...keys },
    stdio: ["ignore", out, "inherit"],
  });
  const pass = (signal) => child.kill(signal);
  SIGNALS.forEach((signal) => process.on(signal, pass));
  return new Promise((resolve, reject) => {
    let text = "";
    if (child.stdout) child.stdout.setEncoding("utf8").on("data", (part) => { text += part; });
    child.on("error", (error) => reject(new Failed(`${program} could not be started: ${error.message}`, 1)));
    child.on("close", (code, signal) => {
      SIGNALS.forEach((each) => process.off(each, pass));
      if (file) {
        fs.closeSync(out);
        text = fs.readFileSync(file, "utf8");
      }
      resolve({ code: code === null ? 1 : code, signal, text });
    });
  });
}

/** Call provisioner with --json; returns the document. Throws Failed with its message and hint. */
async function call(program, args, options) {
  const all = ["--config", input("config") || "pool.yaml", "--json", ...args];
  const done = await run(program, all, { ...options, keys: given() });
  const document = read(done.text);
  if (done.code === 0 && document) return document;
  const { message, hint } = (document && document.error) || {
    message: `provisioner ${args[0]} ended with ${done.signal || `exit code ${done.code}`}`, hint: "",
  };
  throw new Failed(hint ? `${message}\n${hint}` : message, done.code || 1);
}

/** Log the Salesforce CLI in with a session: it cannot renew that, but a job needs no longer one. */
async function logInSf({ instance_url: url, access_token: token }, alias) {
  const args = ["org", "login", "access-token", "--instance-url", url, "--no-prompt", "--set-default"];
  if (alias) args.push("--alias", alias);
  const { code } = await run("sf", args, { keys: { SF_ACCESS_TOKEN: token } });
  if (code !== 0) throw new Failed("the Salesforce CLI could not log in", code);
}

/** The address of this run of the workflow. */
function runAddress() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = process.env;
  return `${server}/${repository}/actions/runs/${id}`;
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function checked(program, args, advice) {
  const { code } = await run(program, args);
  if (code !== 0) throw new Failed(advice, 1);
}

// The variables of pool.yaml, from the inputs or the environment. Only provisioner gets them, and not pip.
const VARIABLES = { SF_PRIVATE_KEY: "private-key", SF_CONSUMER_KEY: "consumer-key", SF_HUB_USERNAME: "hub-username" };

function given() {
  const values = Object.entries(VARIABLES).map(([name, from]) => [name, input(from) || process.env[name]]);
  return Object.fromEntries(values.filter(([, value]) => value));
}

// Inputs are not passed on: they would be in the environment of every program that provisioner starts.
function environment() {
  const isHidden = (name) => name.startsWith("INPUT_") || name.startsWith("ACTIONS_ID_TOKEN_") || name in VARIABLES;
  const kept = ([name]) => !isHidden(name);
  return Object.fromEntries(Object.entries(process.env).filter(kept));
}

module.exports = { Failed, install, call, logInSf, read, runAddress };
