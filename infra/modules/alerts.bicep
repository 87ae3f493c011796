import { duration } from 'schedule.bicep'

metadata description = 'Alert rules. Their queries read the line that the handler logs for each run of each integration.'

@description('The name of the function app, the prefix of the rules\' names.')
@minLength(2)
@maxLength(60)
param functionAppName string

@description('The region.')
param location string

@description('The tags.')
param tags { *: string }

@description('The name of the Log Analytics workspace with the log lines.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('The id of the action group to call; empty for none.')
param actionGroupId string

@description('The hours that may pass without a successful run; 0 for no such rule.')
@minValue(0)
@maxValue(48)
param noSuccessPeriodHours int

@description('The interval of evaluation.')
var evaluationFrequency = 'PT15M'

var lastRuns = duration(noSuccessPeriodHours == 0 ? 48 : noSuccessPeriodHours)

var rules = concat(
  [
    {
      name: 'failed-run'
      displayName: 'A run failed'
      description: 'A timer run, or an integration\'s run, failed: nothing could be planned. The handler\'s log says why.'
      query: loadTextContent('../alerts/failed-run.kql')
      severity: 2
      windowSize: 'PT1H'
    }
    {
      name: 'deletions-held'
      displayName: 'Deletions are held'
      description: 'The last run of an integration held its deletions, because they were too many. Its report has the deletionsId to confirm.'
      query: loadTextContent('../alerts/deletions-held.kql')
      severity: 2
      // The period must include the last run.
      windowSize: lastRuns
    }
  ],
  noSuccessPeriodHours == 0
    ? []
    : [
        {
          name: 'no-successful-run'
          displayName: 'No successful run'
          description: 'For ${noSuccessPeriodHours} hours, the timer did not run, or no run of an integration succeeded.'
          query: loadTextContent('../alerts/no-successful-run.kql')
          severity: 1
          windowSize: duration(noSuccessPeriodHours)
        }
      ]
)

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: '${functionAppName}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${functionAppName}: ${rule.displayName}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [
        workspace.id
      ]
      evaluationFrequency: evaluationFrequency
      windowSize: rule.windowSize
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            // One alert for each of them, resolved separately.
            dimensions: [
              {
                name: 'Subject'
                operator: 'Include'
                values: [
                  '*'
                ]
              }
            ]
            failingPeriods: {
              minFailingPeriodsToAlert: 1
              numberOfEvaluationPeriods: 1
            }
          }
        ]
      }
      autoMitigate: true
      // The first telemetry creates the tables of a new workspace.
      skipQueryValidation: true
      actions: {
        actionGroups: empty(actionGroupId) ? [] : [actionGroupId]
      }
    }
  }
]
