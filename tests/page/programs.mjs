// Programs that the checks start: on loopback, and ended by their own handle.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

const ROOT = path.resolve(import.meta.dirname, "../..");
export const TARGET = process.env.PAGE_TARGET;
export const PICTURES = process.env.PAGE_PICTURES;

/** Starts the sandbox with these arguments; gives the process and the one line of JSON that it prints. */
export async function sandbox(name, ...options) {
  const program = spawn(path.join(TARGET, "debug/sandbox"), options, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  program.stderr.pipe(createWriteStream(path.join(PICTURES, `${name}.log`)));
  for await (const line of createInterface({ input: program.stdout })) {
    return { program, told: JSON.parse(line) };
  }
  throw new Error(`the sandbox ended without a word: see ${PICTURES}/${name}.log`);
}

/** Starts a Functions host with the real handler between these stand-ins. */
export function host(name, clouds, changes = {}) {
  const settings = {
    APICENTER_RESOURCE_ID: clouds.resourceId,
    AZURE_RESOURCE_MANAGER_URL: clouds.apiCenter,
    KEY_VAULT_HOSTS: clouds.keyVault.replace("https://", ""),
    AWS_ENDPOINT_URL_API_GATEWAY: clouds.apiGateway,
    AWS_ENDPOINT_URL_APIGATEWAYV2: clouds.apiGateway,
    AWS_ENDPOINT_URL_STS: clouds.sts,
    IDENTITY_ENDPOINT: clouds.identityEndpoint,
    IDENTITY_HEADER: clouds.identityHeader,
    SSL_CERT_FILE: clouds.caFile,
    SYNC_SCHEDULE: "0 0 * * * *",
    AWS_REQUESTS_PER_SECOND: "100000",
    ARM_READS_PER_SECOND: "100000",
    ARM_WRITES_PER_SECOND: "100000",
    ARM_DELETES_PER_SECOND: "100000",
    ...changes,
  };
  const given = Object.entries(settings).flatMap(([key, value]) => ["--setting", `${key}=${value}`]);
  return sandbox(name, "host", "--app", ROOT, "--handler", path.join(TARGET, "debug/handler"), ...given);
}

/** Ends a program and waits for its end. */
export async function end(program) {
  if (program.exitCode !== null) return;
  const ended = new Promise((resolve) => program.once("exit", resolve));
  program.kill("SIGTERM");
  await ended;
}
