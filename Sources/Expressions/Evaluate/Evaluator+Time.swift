import Kernel

extension Evaluator {
    /// A part of a timestamp, in UTC or in the zone that is named, or of a duration.
    func part(_ function: Function, _ arguments: [Value], at node: Node) throws(EvaluationError) -> Int {
        if case .duration(let span) = arguments[0], arguments.count == 1 {
            guard let part = Self.part(function, of: span) else {
                throw noOverload(function.rawValue, arguments[0], at: node)
            }
            return part
        }
        guard case .timestamp(let instant) = arguments[0] else {
            throw noOverload(function.rawValue, arguments[0], at: node)
        }
        var offset = 0
        if arguments.count > 1 {
            guard case .string(let zone) = arguments[1] else {
                throw noOverload(function.rawValue, arguments[0], arguments[1], at: node)
            }
            guard let seconds = TimeZoneOffset.seconds(zone) else {
                throw error(.invalidArgument, Conversion.zoneHint, at: node)
            }
            offset = seconds
        }
        return Self.part(function, of: instant, CivilTime(instant, offsetSeconds: offset))
    }

    private static func part(_ function: Function, of instant: Instant, _ time: CivilTime) -> Int {
        switch function {
        case .getFullYear: time.date.year
        case .getMonth: time.date.month - 1
        case .getDate: time.date.day
        case .getDayOfMonth: time.date.day - 1
        case .getDayOfWeek: time.dayOfWeek
        case .getDayOfYear: time.dayOfYear
        case .getHours: time.hour
        case .getMinutes: time.minute
        case .getSeconds: time.second
        default: Int(instant.nanoseconds) / 1_000_000
        }
    }

    /// The whole duration in hours, minutes or seconds, toward zero; but the milliseconds of its fraction.
    private static func part(_ function: Function, of span: Span) -> Int? {
        let seconds = Int(span.total / 1_000_000_000)
        switch function {
        case .getHours: return seconds / 3_600
        case .getMinutes: return seconds / 60
        case .getSeconds: return seconds
        case .getMilliseconds: return Int(span.total % 1_000_000_000 / 1_000_000)
        default: return nil
        }
    }
}
