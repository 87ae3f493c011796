// Takes the README's picture of the status page: all integrations of the sandbox, the company among them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";

import { browsing } from "./browser.mjs";
import { end, TARGET } from "./programs.mjs";

const LOOK = { colorScheme: "light", viewport: { width: 1200, height: 100 } };
const program = spawn(path.join(TARGET, "debug/sandbox"), ["--handler", path.join(TARGET, "debug/handler")],
  { stdio: ["ignore", "pipe", "inherit"] });
try {
  let address;
  for await (const line of createInterface({ input: program.stdout })) {
    [address] = line.match(/^http\S+\/integrations\?code=\S+$/) ?? [];
    if (address) break;
  }
  assert.ok(address, "the sandbox ended without the page's address");
  await browsing(LOOK, async (page) => {
    assert.equal((await page.goto(address)).status(), 200);
    await page.screenshot({ path: process.argv[2], fullPage: true });
  });
} finally {
  await end(program);
}
