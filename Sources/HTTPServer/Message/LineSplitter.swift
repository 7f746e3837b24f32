import Glibc

/// Cuts a body into lines, however it arrives in chunks. A line longer than the limit is counted
/// and skipped, so that the position is never lost.
package struct LineSplitter: Sendable {
    /// Bytes. Bounds what one connection can make us hold.
    package static let longestLine = 65_536

    package enum Line {
        case inChunk(Range<Int>)
        case carried([UInt8])
        case tooLong

        /// What it says, without its line feed; nil when it was too long.
        /// - Parameter part: the one in which it ended.
        package func bytes(of part: [UInt8]) -> ArraySlice<UInt8>? {
            switch self {
            case .inChunk(let range): part[range]
            case .carried(let bytes): bytes[...]
            case .tooLong: nil
            }
        }
    }

    /// The number of the line that was returned last, from 1.
    package private(set) var number = 0
    /// The beginning of a line whose end has not arrived.
    private var carry: [UInt8] = []
    private var isSkipping = false

    package init() {}

    package mutating func next(in part: [UInt8], at cursor: inout Int) -> Line? {
        part.withUnsafeBufferPointer { next(in: $0, at: &cursor) }
    }

    package mutating func next(in chunk: UnsafeBufferPointer<UInt8>, at cursor: inout Int) -> Line? {
        guard let base = chunk.baseAddress, cursor < chunk.count else { return nil }
        let rest = chunk.count - cursor
        guard let found = memchr(base + cursor, 10, rest) else {
            keep(UnsafeBufferPointer(start: base + cursor, count: rest))
            cursor = chunk.count
            return nil
        }
        let newline = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
        let range = cursor..<newline
        cursor = newline + 1
        if carry.isEmpty && !isSkipping && range.count <= Self.longestLine {
            number += 1
            return .inChunk(range)
        }
        keep(UnsafeBufferPointer(rebasing: chunk[range]))
        return take()
    }

    /// The last line, when no line feed ended it.
    package mutating func finish() -> Line? { carry.isEmpty && !isSkipping ? nil : take() }

    private mutating func keep(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !isSkipping else { return }
        if carry.count + bytes.count > Self.longestLine {
            carry = []
            isSkipping = true
        } else {
            carry.append(contentsOf: bytes)
        }
    }

    private mutating func take() -> Line {
        number += 1
        defer {
            carry = []
            isSkipping = false
        }
        return isSkipping ? .tooLong : .carried(carry)
    }
}
