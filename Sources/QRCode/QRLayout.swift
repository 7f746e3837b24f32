/// How a version is laid out at level M: its sides, its blocks, its patterns (ISO/IEC 18004, tables 7, 9 and
/// annex E).
struct QRLayout {
    static let versions = 1...40
    private static let checkBytesOfBlock = [
        10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    ]
    private static let blockCounts = [
        1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28,
        29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
    ]

    let version: Int

    static func smallest(for count: Int) -> QRLayout? {
        versions.lazy.map(QRLayout.init).first { count <= $0.capacity }
    }

    var side: Int { 17 + 4 * version }
    private var checkBytes: Int { Self.checkBytesOfBlock[version - 1] }
    private var blockCount: Int { Self.blockCounts[version - 1] }
    private var dataBytes: Int { allBytes - blockCount * checkBytes }
    /// Bits of the length, in byte mode.
    private var lengthBits: Int { version < 10 ? 8 : 16 }
    /// Bytes of content: behind the mode and the length.
    private var capacity: Int { (dataBytes * 8 - 4 - lengthBits) / 8 }

    /// Codewords in all: every module that is no pattern and no information about the code.
    private var allBytes: Int {
        var modules = (16 * version + 128) * version + 64
        if version >= 2 {
            let alignments = version / 7 + 2
            modules -= (25 * alignments - 10) * alignments - 55
            if version >= 7 { modules -= 36 }
        }
        return modules / 8
    }

    /// Rows and columns where alignment patterns have their middle.
    var alignments: [Int] {
        guard version > 1 else { return [] }
        let count = version / 7 + 2
        let step = version == 32 ? 26 : (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2
        return [6] + (0..<count - 1).map { side - 7 - $0 * step }.reversed()
    }

    /// Mode, length, content, terminator and padding (7.4).
    func codewords(of bytes: [UInt8]) -> [UInt8] {
        var bits = BitWriter()
        bits.append(0b0100, count: 4)
        bits.append(bytes.count, count: lengthBits)
        for byte in bytes { bits.append(Int(byte), count: 8) }
        bits.append(0, count: min(4, dataBytes * 8 - bits.count))
        var codewords = bits.bytes
        let padding = [UInt8(0xEC), 0x11]
        for index in 0..<(dataBytes - codewords.count) { codewords.append(padding[index % 2]) }
        return codewords
    }

    /// In blocks with their check bytes, a byte of each in turn (7.5, 7.6).
    func interleaved(_ codewords: [UInt8]) -> [UInt8] {
        let shortBlocks = blockCount - allBytes % blockCount
        let shortBytes = allBytes / blockCount - checkBytes
        let code = ReedSolomon(checkBytes: checkBytes)
        var (rest, blocks, checks): (ArraySlice<UInt8>, [[UInt8]], [[UInt8]]) = (codewords[...], [], [])
        for index in 0..<blockCount {
            let block = Array(rest.prefix(index < shortBlocks ? shortBytes : shortBytes + 1))
            rest = rest.dropFirst(block.count)
            blocks.append(block)
            checks.append(code.checkBytes(of: block))
        }
        return Self.inTurn(blocks) + Self.inTurn(checks)
    }

    private static func inTurn(_ blocks: [[UInt8]]) -> [UInt8] {
        let longest = blocks.map(\.count).max() ?? 0
        return (0..<longest).flatMap { index in blocks.compactMap { $0.dropFirst(index).first } }
    }
}

/// Most significant bit first.
private struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    mutating func append(_ value: Int, count added: Int) {
        for bit in (0..<added).reversed() {
            if count % 8 == 0 { bytes.append(0) }
            bytes[count / 8] |= UInt8(value >> bit & 1) << UInt8(7 - count % 8)
            count += 1
        }
    }
}
