"""A Log Analytics workspace in small: the two tables that the alerts read, and a KQL engine over them."""

import datetime
import json

import duckdb_kql

# The columns of the tables that a query may use (Azure Monitor Logs reference, AppTraces and AppRequests).
SCHEMAS = {
    "AppTraces": "(TimeGenerated: datetime, Message: string, SeverityLevel: int, Properties: dynamic, OperationName: string,"
    " OperationId: string, AppRoleName: string, AppRoleInstance: string, ItemCount: int)",
    "AppRequests": "(TimeGenerated: datetime, Name: string, Success: bool, ResultCode: string, DurationMs: real, Url: string,"
    " Properties: dynamic, OperationName: string, OperationId: string, AppRoleName: string, ItemCount: int)",
}


class Workspace:
    """Rows as the Functions host sends them: a line of standard output is a trace's message, a run is a request."""

    def __init__(self):
        self.connection = duckdb_kql.connect()
        self.connection.sql("create table AppTraces (TimeGenerated timestamp, Message varchar)")
        self.connection.sql("create table AppRequests (TimeGenerated timestamp, Name varchar, Success boolean)")

    def trace(self, line):
        """A line of the handler's."""
        try:
            time = datetime.datetime.fromisoformat(json.loads(line)["timestamp"])
        except ValueError:
            time = datetime.datetime.now(datetime.UTC)
        self.connection.execute("insert into AppTraces values (?, ?)", [time.replace(tzinfo=None), line])

    def request(self, name, success):
        """A run of a function."""
        time = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        self.connection.execute("insert into AppRequests values (?, ?, ?)", [time, name, success])

    def subjects(self, query):
        """What an alert would be about."""
        return sorted(subject for (subject,) in duckdb_kql.query(self.connection, query).fetchall())
