/// The functions of CEL's standard definitions, and ours.
enum Function: String, Sendable, CaseIterable {
    case size, contains, startsWith, endsWith, matches
    case bool, int, uint, double, string, bytes, timestamp, duration, type, dyn
    case getFullYear, getMonth, getDate, getDayOfMonth, getDayOfWeek, getDayOfYear
    case getHours, getMinutes, getSeconds, getMilliseconds
    case ip, cidr, decimal
}
