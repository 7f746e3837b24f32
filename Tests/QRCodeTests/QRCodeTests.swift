import QRCode
import Testing

@Suite struct QRCodeTests {
    @Test func `the smallest version that holds the bytes is taken`() {
        let versions = [(14, 1), (15, 2), (26, 2), (27, 3), (84, 5), (213, 10), (2_331, 40)]
        for (count, version) in versions {
            #expect(QRCode([UInt8](repeating: 0x61, count: count))?.version == version, "\(count) bytes")
        }
        #expect(QRCode([UInt8](repeating: 0x61, count: QRCode.bytesAtMost + 1)) == nil)
    }

    @Test func `its picture has a quiet zone of four modules`() throws {
        let code = try #require(QRCode(Array("otpauth://totp/a?secret=AAAA".utf8)))
        #expect(code.svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 37 37\""))
        #expect(code.side == 29)
        // The first dark run is the top of the first finder.
        #expect(code.svg.contains("M4 4h7v1h-7z"))
    }
}
