// What a schedule of the timer means for the alert that misses successful runs.

@description('The periods that a log alert can look back over, in hours (Azure Monitor, scheduledQueryRules: at most two days).')
var periods = [2, 3, 4, 5, 6, 24, 48]

@description('The fields of a schedule: {second} {minute} {hour} {day} {month} {day of the week}.')
func fieldsOf(schedule string) string[] =>
  length(split(schedule, ' ')) == 6
    ? split(schedule, ' ')
    : fail('syncSchedule "${schedule}" is not an NCRONTAB expression of six fields, such as 0 0 * * * *')

@description('At most so many hours pass between two runs; 0 when days are left out and nothing is sure.')
func hoursBetweenRuns(fields string[]) int =>
  join(skip(fields, 3), ' ') != '* * *'
    ? 0
    : fields[2] == '*' ? 1 : startsWith(fields[2], '*/') ? int(substring(fields[2], 2)) : 24

@description('The shortest period that a successful run is sure to fall into, with an hour for the run itself; 0 for none.')
func shortestPeriod(between int) int =>
  between == 0 || between > 47 ? 0 : first(filter(periods, period => period > between))!

@export()
@description('The period to watch when none is given: long enough for one run to be missed, if there is such a one. 0 for none.')
func defaultPeriod(schedule string) int =>
  hoursBetweenRuns(fieldsOf(schedule)) == 0
    ? 0
    : first(filter(periods, period => period > 2 * hoursBetweenRuns(fieldsOf(schedule)))) ?? shortestPeriod(hoursBetweenRuns(fieldsOf(schedule)))

@export()
@description('The period as given, if a successful run is sure to fall into it. Any other ends the deployment before it begins.')
func fittingPeriod(schedule string, period int) int =>
  period == 0 || (shortestPeriod(hoursBetweenRuns(fieldsOf(schedule))) > 0 && period >= shortestPeriod(hoursBetweenRuns(fieldsOf(schedule))))
    ? period
    : fail('a successful run every ${period} hours cannot be expected of the schedule "${schedule}": noSuccessPeriodHours must be ${shortestPeriod(hoursBetweenRuns(fieldsOf(schedule))) == 0 ? '0 (no such alert)' : 'at least ${shortestPeriod(hoursBetweenRuns(fieldsOf(schedule)))}'}')

@export()
@description('A number of hours as an ISO 8601 duration, in the spelling that Azure Monitor takes.')
func duration(hours int) string => hours % 24 == 0 ? 'P${hours / 24}D' : 'PT${hours}H'
