// JSON over HTTPS. Not with `fetch`, which ends a request whose answer takes five minutes: a claim may wait for ten.
"use strict";

const http = require("node:http");
const https = require("node:https");

const LOOPBACK = ["127.0.0.1", "[::1]", "localhost"];

/** The URL of a server. Throws for one to which a token would go in the clear. */
function serverUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSafe = url && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.includes(url.hostname)));
  if (!isSafe) throw new Error(`${JSON.stringify(text)} is not the address of a server; write https://HOST`);
  return url;
}

/**
 * Send a request with a bearer token; returns { status, headers, document }, `document` null if the answer is not JSON.
 * Rejects when there is no answer within `seconds`. Redirects are not followed: the token is for this server.
 */
function send(method, url, token, { body = undefined, seconds = 60 } = {}) {
  const raw = body === undefined ? "" : JSON.stringify(body);
  const headers = { Authorization: `Bearer ${token}`, Accept: "application/json", "User-Agent": "provisioner-action" };
  if (raw) Object.assign(headers, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(raw) });
  const { request } = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, signal: AbortSignal.timeout(seconds * 1000) }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part)).on("error", reject);
      answer.on("end", () => {
        const document = read(Buffer.concat(parts).toString("utf8"));
        resolve({ status: answer.statusCode, headers: answer.headers, document });
      });
    });
    sent.on("error", reject).end(raw);
  });
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

module.exports = { send, serverUrl };
