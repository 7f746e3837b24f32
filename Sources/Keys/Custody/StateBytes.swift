import Kernel

/// Values as bytes, one after another, so that no two sequences of values give the same bytes: each after its
/// length, lists after their count.
struct StateBytes {
    private(set) var bytes: [UInt8]

    init(_ purpose: StaticString) {
        bytes = purpose.withUTF8Buffer { Array($0) }
        bytes.append(0)
    }

    mutating func add(_ text: String) {
        add(count: text.utf8.count)
        bytes += text.utf8
    }

    /// Nothing is another value than an empty text.
    mutating func add(_ text: String?) {
        bytes.append(text == nil ? 0 : 1)
        if let text { add(text) }
    }

    mutating func add(_ texts: [String]) {
        add(count: texts.count)
        for text in texts { add(text) }
    }

    mutating func add(_ number: Int64) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }

    mutating func add(_ number: Int?) { add(number.map(String.init)) }

    mutating func add(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func add(_ time: Timestamp?) { add(time.map { String($0.microseconds) }) }

    private mutating func add(count: Int) {
        withUnsafeBytes(of: UInt32(count).bigEndian) { bytes += $0 }
    }
}
