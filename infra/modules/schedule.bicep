// The period of the alert for missing successful runs, derived from the timer\'s schedule.

@description('The periods that a log alert can look back over, in hours (Azure Monitor, scheduledQueryRules: at most two days).')
var periods = [2, 3, 4, 5, 6, 24, 48]

@description('The fields of a schedule: {second} {minute} {hour} {day} {month} {day of the week}.')
func fieldsOf(schedule string) string[] =>
  length(split(schedule, ' ')) == 6
    ? split(schedule, ' ')
    : fail('syncSchedule "${schedule}" is not an NCRONTAB expression of six fields, such as 0 0 * * * *')

@description('The most hours between two runs; 0 if the schedule skips days and nothing is certain.')
func hoursBetweenRuns(fields string[]) int =>
  join(skip(fields, 3), ' ') != '* * *'
    ? 0
    : fields[2] == '*' ? 1 : startsWith(fields[2], '*/') ? int(substring(fields[2], 2)) : 24

@description('The shortest period that certainly contains a successful run, with an hour for the run itself; 0 for none.')
func shortestPeriod(between int) int =>
  between == 0 || between > 47 ? 0 : first(filter(periods, period => period > between))!

@export()
@description('The default period: long enough for one missed run, if possible. 0 for none.')
func defaultPeriod(schedule string) int =>
  hoursBetweenRuns(fieldsOf(schedule)) == 0
    ? 0
    : first(filter(periods, period => period > 2 * hoursBetweenRuns(fieldsOf(schedule)))) ?? shortestPeriod(hoursBetweenRuns(fieldsOf(schedule)))

@export()
@description('The given period, if it certainly contains a successful run. Any other fails the deployment before it starts.')
func fittingPeriod(schedule string, period int) int =>
  period == 0 || (shortestPeriod(hoursBetweenRuns(fieldsOf(schedule))) > 0 && period >= shortestPeriod(hoursBetweenRuns(fieldsOf(schedule))))
    ? period
    : fail('a successful run every ${period} hours cannot be expected of the schedule "${schedule}": noSuccessPeriodHours must be ${shortestPeriod(hoursBetweenRuns(fieldsOf(schedule))) == 0 ? '0 (no such alert)' : 'at least ${shortestPeriod(hoursBetweenRuns(fieldsOf(schedule)))}'}')

@export()
@description('A number of hours as an ISO 8601 duration, in the form that Azure Monitor accepts.')
func duration(hours int) string => hours % 24 == 0 ? 'P${hours / 24}D' : 'PT${hours}H'
