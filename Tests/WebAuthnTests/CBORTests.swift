import Testing
import WebAuthn

@Suite struct CBORTests {
    @Test func `values of every kind are read`() throws {
        #expect(try CBORValue.parse([0x17]) == .integer(23))
        #expect(try CBORValue.parse([0x39, 0x01, 0x00]) == .integer(-257))
        #expect(try CBORValue.parse([0x42, 1, 2]) == .bytes([1, 2]))
        #expect(try CBORValue.parse([0x63, 0x66, 0x6D, 0x74]) == .text("fmt"))
        #expect(try CBORValue.parse([0x82, 0xF5, 0xF6]) == .array([.bool(true), .null]))
        let map = try CBORValue.parse([0xA2, 0x01, 0x02, 0x61, 0x61, 0xF4])
        #expect(map[1] == .integer(2) && map["a"] == .bool(false) && map["b"] == nil)
    }

    @Test(
        arguments: [
            ([], CBORError.endedEarly), ([0x18], .endedEarly), ([0x43, 1, 2], .endedEarly),
            ([0x5B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .endedEarly),
            ([0x9A, 0xFF, 0xFF, 0xFF, 0xFF], .tooMany), ([0x88, 0], .endedEarly), ([0xB8, 65], .tooMany),
            ([0x18, 0x17], .notShortest), ([0x59, 0, 1, 0], .notShortest), ([0x19, 0, 0xFF], .notShortest),
            ([0x9F, 0xFF], .indefiniteLength), ([0x5F, 0x41, 0, 0xFF], .indefiniteLength),
            ([0xBF, 0xFF], .indefiniteLength), ([0xFF], .indefiniteLength),
            ([0xA2, 1, 1, 1, 2], .repeatedKey), ([0x62, 0xC3, 0x28], .notUTF8),
            ([0xF9, 0x3C, 0x00], .unsupported), ([0xC0, 0x00], .unsupported), ([0xF7], .unsupported),
            ([0xF8, 0x20], .unsupported), ([0x1C], .unsupported), ([0x00, 0x00], .trailingBytes),
            ([0x1B, 0x80, 0, 0, 0, 0, 0, 0, 0], .outOfRange),
            ([0x3B, 0x80, 0, 0, 0, 0, 0, 0, 0], .outOfRange),
            ([0x81, 0x81, 0x81, 0x81, 0x81, 0x00], .tooDeep),
        ] as [([UInt8], CBORError)])
    func `what no authenticator writes is refused`(bytes: [UInt8], error: CBORError) {
        #expect(throws: error) { try CBORValue.parse(bytes) }
    }

    @Test func `four containers in each other are read, and 64 KiB`() throws {
        #expect(try CBORValue.parse([0x81, 0x81, 0x81, 0x81, 0x00]).isArray)
        let long = [0x59, 0xFF, 0xFC] + [UInt8](repeating: 0, count: 0xFFFC)
        #expect(throws: Never.self) { try CBORValue.parse(long) }
        #expect(throws: CBORError.tooLong) { try CBORValue.parse(long + [0, 0]) }
    }
}

extension CBORValue {
    fileprivate var isArray: Bool { if case .array = self { true } else { false } }
}
