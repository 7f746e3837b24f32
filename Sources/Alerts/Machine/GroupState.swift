package import Access
package import Expressions
package import Kernel
import Events

/// What a rule remembers of one group, between one event and the next.
package struct GroupState: Equatable, Sendable {
    package enum Phase: UInt8, Sendable, CaseIterable {
        case normal, pending, firing, recovering

        package var name: String {
            switch self {
            case .normal: "normal"
            case .pending: "pending"
            case .firing: "firing"
            case .recovering: "recovering"
            }
        }

        /// Its alert fires, and waits for it to be over.
        var isFiring: Bool { self == .firing || self == .recovering }
    }

    /// Something that happened and still counts.
    struct Entry: Equatable, Sendable {
        let at: Timestamp
        /// Of the event, or of the value that is counted.
        let mark: UInt64
        /// The step of a sequence.
        var step: UInt8 = 0
        /// What is added up.
        var amount: Decimal?
    }

    package var phase = Phase.normal
    /// When the phase began.
    package var since: Timestamp
    /// The newest moment that is decided: of an event or of a timer.
    package var clock: Timestamp
    /// When the group was first heard of: nothing is missed before a whole window has passed.
    package var began: Timestamp
    /// The newest event that counted: what an alert shows when time alone makes it fire.
    package var shown: EventID?
    package var memory = CrossingMemory()
    /// By time; of distinct values each once, with its newest time.
    var entries: [Entry] = []

    var isFiring: Bool { phase.isFiring }

    package init(at time: Timestamp) { (since, clock, began) = (time, time, time) }
}

/// A state's bytes, as they are stored: a few dozen for a window of some events.
extension GroupState {
    private static let version: UInt8 = 1

    package var bytes: [UInt8] {
        var w = ByteWriter(room: 48 + entries.count * 18)
        w.put(Self.version)
        w.put(phase.rawValue)
        for time in [since, clock, began] { w.put(UInt64(bitPattern: time.microseconds)) }
        w.put(UInt8(shown == nil ? 0 : 1))
        if let shown {
            w.put(shown.uuid.high)
            w.put(shown.uuid.low)
        }
        w.put(UInt8(memory.marks.count))
        for mark in memory.marks {
            w.put(UInt8(mark == nil ? 0 : 1))
            if let mark { w.put(mark) }
        }
        for entry in entries { w.put(entry) }
        return w.bytes
    }

    /// Nil for bytes of another version: what they say is begun anew.
    package init?(bytes: [UInt8]) {
        var r = ByteReader(bytes: bytes)
        guard r.byte() == Self.version, let phase = r.byte().flatMap(Phase.init(rawValue:)),
            let since = r.time(), let clock = r.time(), let began = r.time(), let isShown = r.byte()
        else { return nil }
        self.init(at: began)
        (self.phase, self.since, self.clock) = (phase, since, clock)
        if isShown == 1 {
            guard let high = r.number(), let low = r.number() else { return nil }
            shown = EventID(UUID(high: high, low: low))
        }
        guard let marks = r.byte() else { return nil }
        for _ in 0..<marks {
            guard let isThere = r.byte() else { return nil }
            memory.marks.append(isThere == 1 ? r.number() : nil)
        }
        while !r.isAtEnd {
            guard let entry = r.entry() else { return nil }
            entries.append(entry)
        }
    }
}

private struct ByteWriter {
    var bytes: [UInt8] = []

    init(room: Int) { bytes.reserveCapacity(room) }

    mutating func put(_ byte: UInt8) { bytes.append(byte) }

    mutating func put(_ number: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    mutating func put(_ entry: GroupState.Entry) {
        put(entry.step | (entry.amount == nil ? 0 : 0x80))
        put(UInt64(bitPattern: entry.at.microseconds))
        put(entry.mark)
        guard let amount = entry.amount else { return }
        let text = Array(amount.description.utf8)
        put(UInt8(text.count))
        bytes.append(contentsOf: text)
    }
}

private struct ByteReader {
    let bytes: [UInt8]
    var offset = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset >= bytes.count }

    mutating func byte() -> UInt8? {
        guard offset < bytes.count else { return nil }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func number() -> UInt64? {
        guard offset + 8 <= bytes.count else { return nil }
        defer { offset += 8 }
        return bytes[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func time() -> Timestamp? {
        number().map { Timestamp(microseconds: Int64(bitPattern: $0)) }
    }

    mutating func entry() -> GroupState.Entry? {
        guard let head = byte(), let at = time(), let mark = number() else { return nil }
        var entry = GroupState.Entry(at: at, mark: mark, step: head & 0x7F)
        guard head & 0x80 != 0 else { return entry }
        guard let length = byte(), offset + Int(length) <= bytes.count else { return nil }
        entry.amount = Decimal(String(decoding: bytes[offset..<offset + Int(length)], as: UTF8.self))
        offset += Int(length)
        return entry
    }
}
