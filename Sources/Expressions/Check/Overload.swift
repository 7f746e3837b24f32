/// A form of a function: which types it takes, and what it gives.
struct Overload {
    let function: Function
    /// Called as `target.name(…)`; the target is the first parameter.
    let isMethod: Bool
    let parameters: [ExpressionType]
    let result: ExpressionType

    static func named(_ name: String) -> [Overload] { byName[name] ?? [] }
    static let names: [String] = Function.allCases.map(\.rawValue)

    private static let byName = Dictionary(grouping: all) { $0.function.rawValue }

    private static let all: [Overload] = sizes + texts + conversions + moments

    private static func plain(
        _ function: Function, _ types: [ExpressionType], _ result: ExpressionType
    ) -> [Overload] {
        types.map { Overload(function: function, isMethod: false, parameters: [$0], result: result) }
    }

    private static func method(
        _ function: Function, _ parameters: [ExpressionType], _ result: ExpressionType
    ) -> Overload {
        Overload(function: function, isMethod: true, parameters: parameters, result: result)
    }

    private static let sized: [ExpressionType] = [.string, .bytes, .list(.dyn), .map(.dyn, .dyn)]
    private static let sizes = plain(.size, sized, .int) + sized.map { method(.size, [$0], .int) }

    private static let texts: [Overload] = [
        method(.contains, [.string, .string], .bool), method(.contains, [.cidr, .ip], .bool),
        method(.contains, [.cidr, .string], .bool), method(.startsWith, [.string, .string], .bool),
        method(.endsWith, [.string, .string], .bool), method(.matches, [.string, .string], .bool),
        Overload(function: .matches, isMethod: false, parameters: [.string, .string], result: .bool),
    ]

    private static let conversions: [Overload] =
        plain(.bool, [.bool, .string], .bool)
        + plain(.int, [.int, .uint, .double, .string, .timestamp], .int)
        + plain(.uint, [.uint, .int, .double, .string], .uint)
        + plain(.double, [.double, .int, .uint, .string, .decimal], .double)
        + plain(
            .string,
            [.string, .int, .uint, .double, .bytes, .bool, .timestamp, .duration, .ip, .cidr, .decimal],
            .string) + plain(.bytes, [.bytes, .string], .bytes)
        + plain(.timestamp, [.timestamp, .string, .int], .timestamp)
        + plain(.duration, [.duration, .string], .duration) + plain(.type, [.dyn], .type)
        + plain(.dyn, [.dyn], .dyn) + plain(.ip, [.string, .ip], .ip) + plain(.cidr, [.string, .cidr], .cidr)
        + plain(.decimal, [.string, .int, .uint, .decimal], .decimal)

    private static let ofDay: [Function] = [.getHours, .getMinutes, .getSeconds, .getMilliseconds]
    private static let ofDate: [Function] = [
        .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear,
    ]
    private static let moments: [Overload] =
        (ofDate + ofDay).flatMap {
            [method($0, [.timestamp], .int), method($0, [.timestamp, .string], .int)]
        } + ofDay.map { method($0, [.duration], .int) }
}
