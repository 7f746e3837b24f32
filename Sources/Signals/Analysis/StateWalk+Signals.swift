import Indicators
import Kernel

extension StateWalk {
    /// Longest text that a signal holds: a reason.
    private static let longestText = 1_000

    mutating func pass(_ value: inout Bool) {
        var number = value ? 1 : 0
        pass(&number, in: 0...1)
        value = number == 1
    }

    mutating func pass(_ value: inout Bool?) { pass(&value, blank: false) { $0.pass(&$1) } }

    mutating func pass(_ value: inout Int) {
        var bits = UInt64(bitPattern: Int64(value))
        pass(&bits)
        value = Int(Int64(bitPattern: bits))
    }

    mutating func pass(_ value: inout Timestamp) {
        var bits = UInt64(bitPattern: value.microseconds)
        pass(&bits)
        value = Timestamp(microseconds: Int64(bitPattern: bits))
    }

    mutating func pass(_ value: inout Timestamp?) {
        pass(&value, blank: Timestamp(microseconds: 0)) { $0.pass(&$1) }
    }

    /// By its place among all cases.
    mutating func pass<Choice: CaseIterable & Equatable>(_ value: inout Choice) {
        let all = Array(Choice.allCases)
        var place = all.firstIndex(of: value) ?? 0
        pass(&place, in: 0...all.count - 1)
        value = all[place]
    }

    mutating func pass(_ value: inout String) {
        var bytes = Array(value.utf8)
        pass(&bytes, blank: 0, atMost: Self.longestText) { state, byte in
            var bits = UInt64(byte)
            state.pass(&bits)
            byte = UInt8(truncatingIfNeeded: bits)
        }
        value = String(decoding: bytes, as: UTF8.self)
    }

    /// - Parameter blank: what is read into, and stands for nothing.
    mutating func pass<Value>(
        _ value: inout Value?, blank: Value, _ walk: (inout StateWalk, inout Value) -> Void
    ) {
        var isPresent = value != nil
        pass(&isPresent)
        guard isPresent else {
            value = nil
            return
        }
        var inner = value ?? blank
        walk(&self, &inner)
        value = inner
    }

    mutating func pass<Value>(
        _ values: inout [Value], blank: Value, atMost limit: Int,
        _ walk: (inout StateWalk, inout Value) -> Void
    ) {
        var count = values.count
        pass(&count, in: 0...limit)
        while values.count < count { values.append(blank) }
        values.removeLast(values.count - count)
        for index in values.indices { walk(&self, &values[index]) }
    }
}

extension Candle {
    static let blank = Candle(
        openTime: Timestamp(microseconds: 0), open: 0, high: 0, low: 0, close: 0, volume: 0)

    mutating func walk(_ state: inout StateWalk) {
        state.pass(&openTime)
        state.pass(&open)
        state.pass(&high)
        state.pass(&low)
        state.pass(&close)
        state.pass(&volume)
        state.pass(&closed)
    }
}

extension GateReading {
    mutating func walk(_ state: inout StateWalk) {
        var (place, market) = parts
        state.pass(&place, in: 0...5)
        state.pass(&market.time)
        state.pass(&market.close)
        state.pass(&market.sma50)
        self = [.open(market), .closed(market), .noSeries, .tooYoung, .off, .ended(market.time)][place]
    }

    private var parts: (Int, Market) {
        let none = Market(time: Timestamp(microseconds: 0), close: 0, sma50: 0)
        return switch self {
        case .open(let market): (0, market)
        case .closed(let market): (1, market)
        case .noSeries: (2, none)
        case .tooYoung: (3, none)
        case .off: (4, none)
        case .ended(let time): (5, Market(time: time, close: 0, sma50: 0))
        }
    }
}

extension BearishCondition {
    static let blank = BearishCondition(kind: .lowGrade, holds: nil, numbers: [])

    mutating func walk(_ state: inout StateWalk) {
        state.pass(&kind)
        state.pass(&holds)
        Number.walk(&numbers, &state)
    }
}

extension BearishCondition.Number {
    private static let most = 16

    static func walk(_ numbers: inout [Self], _ state: inout StateWalk) {
        state.pass(&numbers, blank: Self("", nil), atMost: most) { state, number in
            state.pass(&number.name)
            state.pass(&number.value)
        }
    }
}
