// Reads {"tables":{NAME:SCHEMA},"queries":{NAME:TEXT}} and prints, for each query, what Kusto's own language service
// finds wrong with it and the columns of its result.
"use strict";

require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

/* global Bridge, Kusto */
const { DatabaseSymbol, TableSymbol } = Kusto.Language.Symbols;

const { tables, queries } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const symbols = Object.entries(tables).map(([name, schema]) => TableSymbol.From(schema).WithName(name));
const workspace = Kusto.Language.GlobalState.Default.WithDatabase(new DatabaseSymbol.ctor("workspace", symbols));

const findings = Object.entries(queries).map(([name, text]) => {
  const code = Kusto.Language.KustoCode.ParseAndAnalyze(text, workspace);
  const problems = Bridge.toArray(code.GetDiagnostics()).map((found) => `${found.Code} at ${found.Start}: ${found.Message}`);
  const columns = code.ResultType && code.ResultType.Columns ? Bridge.toArray(code.ResultType.Columns) : [];
  return [name, { problems, columns: columns.map((column) => column.Name) }];
});
console.log(JSON.stringify(Object.fromEntries(findings)));
