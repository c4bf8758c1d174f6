// Inputs, outputs and messages of a GitHub action, as "Workflow commands for GitHub Actions" describes them.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");

/** The value of an input, without blanks around it; "" if it was not given. */
function input(name) {
  return (process.env[`INPUT_${name.toUpperCase()}`] || "").trim();
}

/** Whether an input is true. Throws for anything but true and false. */
function isTrue(name) {
  const value = input(name).toLowerCase();
  if (!["true", "false", ""].includes(value)) {
    throw new Error(`the input ${name} is ${JSON.stringify(input(name))}; write true or false`);
  }
  return value === "true";
}

/** Set an output of the step. */
function setOutput(name, value) {
  append("GITHUB_OUTPUT", name, value);
}

/** Keep a value for the post step, which reads it with `state`. */
function saveState(name, value) {
  append("GITHUB_STATE", name, value);
}

/** A value that the main step has kept; "" if it did not come that far. */
function state(name) {
  return process.env[`STATE_${name}`] || "";
}

/** Put a folder before PATH for the steps that follow. */
function addPath(folder) {
  fs.appendFileSync(process.env.GITHUB_PATH, `${folder}\n`);
}

/** Hide a secret in the log: each line, because a log is read by lines, but not the frame of a key. */
function mask(secret) {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  lines.filter((line) => line && !line.startsWith("-----")).forEach((line) => command("add-mask", line));
}

/** An annotation of the run: "error", "warning" or "notice". */
function annotate(kind, message) {
  command(kind, message);
}

function group(title) {
  command("group", title);
}

function endGroup() {
  command("endgroup", "");
}

// The delimiter is random, so that no value can end the block and start another output.
function append(file, name, value) {
  const delimiter = `end-${crypto.randomUUID()}`;
  fs.appendFileSync(process.env[file], `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
}

function command(name, text) {
  const escaped = text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
  process.stdout.write(`::${name}::${escaped}\n`);
}

module.exports = { input, isTrue, setOutput, saveState, state, addPath, mask, annotate, group, endGroup };
