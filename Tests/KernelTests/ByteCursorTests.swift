import Kernel
import Testing

@Suite struct ByteCursorTests {
    @Test(arguments: [0, 7, 9, 10, 99, 100, 1_000, 1_234_567_890, Int.max, Int.max - 7, Int.min, -1])
    func `a number is written in digits`(number: Int) {
        var bytes = Array("x".utf8)
        bytes.append(atMost: 20) { $0.put(decimal: number) }
        #expect(String(decoding: bytes, as: UTF8.self) == "x\(number)")
    }

    @Test func `every power of ten is written in digits`() {
        var power = 1
        for _ in 0..<18 {
            power *= 10
            for number in [power - 1, power, power + 1] {
                var bytes: [UInt8] = []
                bytes.append(atMost: 20) { $0.put(decimal: number) }
                #expect(String(decoding: bytes, as: UTF8.self) == "\(number)")
            }
        }
    }

    @Test func `numbers are written with their highest byte first`() {
        var bytes: [UInt8] = []
        bytes.append(atMost: 14) { out in
            out.put(bigEndian: UInt32(0x0102_0304))
            out.put(bigEndian: Int64(-2))
            out.put(bigEndian: UInt16(5))
        }
        #expect(bytes == [1, 2, 3, 4, 255, 255, 255, 255, 255, 255, 255, 254, 0, 5])
    }

    @Test func `parts follow each other behind what is there`() {
        var bytes = Array("a".utf8)
        bytes.append(atMost: 100) { out in
            out.put("b")
            "short".withBytes { out.put($0) }
            "a text that is too long to be stored in place".withBytes { out.put($0) }
            out.put([])
            out.put(UInt8(ascii: "."))
        }
        #expect(
            String(decoding: bytes, as: UTF8.self) == "abshorta text that is too long to be stored in place.")
    }
}
