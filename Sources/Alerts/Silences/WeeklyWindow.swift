import JSON

/// Hours of some days of the week, in the local time of a place that is named elsewhere. One that ends
/// before it begins goes on into the next day.
struct WeeklyWindow: Equatable, Sendable {
    enum Day: String, CaseIterable, Sendable {
        case mon, tue, wed, thu, fri, sat, sun

        /// As ISO 8601 counts them.
        var number: Int { (Self.allCases.firstIndex(of: self) ?? 0) + 1 }
        init?(number: Int) {
            guard Self.allCases.indices.contains(number - 1) else { return nil }
            self = Self.allCases[number - 1]
        }
    }

    static let atMost = 14

    let days: [Day]
    /// Minutes since midnight.
    let from: Int
    let to: Int

    var minutes: Int { to > from ? to - from : to + 24 * 60 - from }
}

extension WeeklyWindow: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("days", days.map(\.rawValue))
            w.field("from", Self.clock(from))
            w.field("to", Self.clock(to))
        }
    }

    /// As statements take it apart.
    var stored: JSONValue {
        [
            "days": .array(days.map { .number(JSONNumber($0.number)) }),
            "from_minute": .number(JSONNumber(from)), "to_minute": .number(JSONNumber(to)),
        ]
    }

    init?(stored json: JSONValue) {
        guard let days = json["days"]?.asArray, let from = json["from_minute"]?.asInt,
            let to = json["to_minute"]?.asInt
        else { return nil }
        let numbers = days.compactMap { $0.asInt.map { Int($0) } }
        self.init(days: numbers.compactMap { Day(number: $0) }, from: Int(from), to: Int(to))
    }

    static func stored(_ json: [UInt8]?) -> [WeeklyWindow] {
        let values = json.flatMap { try? JSONValue.parse($0) }?.asArray ?? []
        return values.compactMap { WeeklyWindow(stored: $0) }
    }

    static func stored(_ windows: [WeeklyWindow]) -> [UInt8] { JSONValue.array(windows.map(\.stored)).bytes }

    /// `07:30`.
    static func clock(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }

    /// Nil for what is no time of the day: 00:00 to 23:59.
    static func minute(_ clock: String) -> Int? {
        let parts = clock.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let isDigits = parts.allSatisfy { $0.count == 2 && $0.allSatisfy { (48...57).contains($0) } }
        guard parts.count == 2, isDigits, let hours = Int(String(clock.prefix(2))),
            let minutes = Int(String(clock.suffix(2))), hours < 24, minutes < 60
        else { return nil }
        return hours * 60 + minutes
    }
}

extension Fields {
    /// - Parameter longest: minutes of one window.
    mutating func weeklyWindows(_ name: String, longest: Int) -> [WeeklyWindow] {
        array(name, count: 1...WeeklyWindow.atMost) { f -> WeeklyWindow in
            let days = f.choices("days", WeeklyWindow.Day.self, count: 1...7)
            if Set(days).count < days.count { f.fail("days", code: "repeated", "must not name a day twice") }
            let expected = "a time of the day such as 22:00"
            let from = f.parsed("from", expected: expected, standIn: 0) { WeeklyWindow.minute($0) }
            let to = f.parsed("to", expected: expected, standIn: 1) { WeeklyWindow.minute($0) }
            let window = WeeklyWindow(days: days, from: from, to: to)
            if window.minutes > longest {
                f.fail("to", code: FieldCode.outOfRange, "must be within \(longest / 60) hours of from")
            }
            return window
        }
    }

    /// The name alone; whether there is such a zone, PostgreSQL knows.
    mutating func timeZone(_ name: String) -> String { string(name, 1...64) }
}
