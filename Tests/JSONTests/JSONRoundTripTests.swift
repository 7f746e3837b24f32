import JSON
import Testing

@Suite struct JSONRoundTripTests {
    @Test(arguments: UInt64(1)...8)
    func `what is written is read back equal`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<200 {
            let value = AnyJSON(depth: 5).value(using: &random)
            let bytes = value.bytes
            let read = try JSONValue.parse(bytes)
            #expect(read == value)
            #expect(read.bytes == bytes)
        }
    }

    @Test(arguments: UInt64(1)...8)
    func `every double is read back to the bit`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<500 {
            let value = Double(bitPattern: random.next())
            guard let number = JSONNumber(value) else { continue }
            let read = try JSONValue.parse(JSONValue.number(number).bytes)
            #expect(read.asDouble?.bitPattern == value.bitPattern)
        }
    }

    @Test(arguments: [
        ("0", 1), ("-12", 2), ("12.34", 4), ("1e3", 4), ("1.25E+1", 3), ("12.5e-3", 5), ("0.001", 4),
        ("-1e131000", 131_001), ("1e-20000", 20_001),
    ])
    func `digits are counted as they are with the exponent written out`(text: String, digits: Int) throws {
        guard case .number(let number) = try JSONValue.parse(Array(text.utf8)) else { return }
        #expect(number.digitsWrittenOut == digits)
    }

    @Test(arguments: ["1e99999999999999999999", "-1e-99999999999999999999"])
    func `an exponent beyond all bounds is counted as many digits`(text: String) throws {
        guard case .number(let number) = try JSONValue.parse(Array(text.utf8)) else { return }
        #expect(number.digitsWrittenOut > 1_000_000_000)
    }

    @Test(arguments: UInt64(1)...8)
    func `hostile bytes are refused or mean one thing`(seed: UInt64) throws {
        var random = Seeded(seed)
        var accepted = 0
        let texts = ParsingCase.all.filter { $0.bytes.count < 2000 }.map(\.bytes)
        for _ in 0..<3000 {
            let start = texts.randomElement(using: &random) ?? []
            let bytes = mutate(start, using: &random)
            guard let value = try? JSONValue.parse(bytes) else { continue }
            accepted += 1
            #expect(try JSONValue.parse(value.bytes) == value)
            #expect(String(validating: bytes, as: UTF8.self) != nil)
        }
        #expect(accepted > 100)
    }

    @Test func `every prefix of a text is refused, at its end`() throws {
        let text = Array(#"{"a":[1.5e3,true,"\u00e9\ud83d\ude00é"],"b":{"c":null}}"#.utf8)
        for length in text.indices {
            let error = #expect(throws: JSONError.self) { try JSONValue.parse(text[..<length]) }
            #expect(error?.offset ?? 0 <= length)
        }
        _ = try JSONValue.parse(text)
    }

    private func mutate(_ bytes: [UInt8], using random: inout Seeded) -> [UInt8] {
        let interesting =
            Array("{}[]\",:\\u0deE+-.19 tfn".utf8) + [0, 0x1F, 0x80, 0xC0, 0xED, 0xA0, 0xF4, 0xFF]
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let byte = interesting.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where place < bytes.count: bytes[place] = byte
            case 1 where place < bytes.count: bytes.remove(at: place)
            case 2: bytes.removeSubrange(place...)
            default: bytes.insert(byte, at: place)
            }
        }
        return bytes
    }
}

/// Draws values of every shape.
private struct AnyJSON {
    let depth: Int

    func value(using random: inout Seeded) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .number(JSONNumber(Int64(bitPattern: random.next())))
        case 3: JSONNumber(Double(bitPattern: random.next())).map { .number($0) } ?? .null
        case 4, 5: .string(text(using: &random))
        case 6: .array(elements(using: &random))
        default: .object(members(using: &random))
        }
    }

    private func elements(using random: inout Seeded) -> [JSONValue] {
        let inner = AnyJSON(depth: depth - 1)
        return (0..<Int.random(in: 0...4, using: &random)).map { _ in inner.value(using: &random) }
    }

    private func members(using random: inout Seeded) -> JSONObject {
        var object = JSONObject()
        for value in elements(using: &random) { _ = object.append(text(using: &random), value) }
        return object
    }

    private func text(using random: inout Seeded) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let limit: UInt32 = Bool.random(using: &random) ? 0x80 : 0x11_0000
            text.append(Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) ?? "\u{FFFD}")
        }
        return String(text)
    }
}
