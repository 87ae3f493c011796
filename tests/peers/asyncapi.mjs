// Has the AsyncAPI parser read a document from the standard input; prints what it finds wrong with it.
// Usage: node asyncapi.mjs FOLDER, the folder of installed packages.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const { Parser } = createRequire(resolve(process.argv[2], "x"))("@asyncapi/parser");
const ERROR = 0;

const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const errors = diagnostics
  .filter(({ severity }) => severity === ERROR)
  .map(({ code, message, path }) => `${code} at /${path.join("/")}: ${message}`);
if (document) {
  // Reading all of it is what other programs do with it.
  document.allMessages().all().forEach((message) => message.payload()?.json());
  document.allSchemas().all().forEach((schema) => schema.json());
}
console.log(JSON.stringify({ isRead: document !== undefined, errors }));
