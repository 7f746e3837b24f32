import HTTPServer
import Kernel
import Testing

/// T20: requests are parsed one way only.
@Suite struct SmugglingTests {
    @Test(arguments: SmugglingCase.all)
    func `T20: a stream is read one way only, however it is split`(sample: SmugglingCase) {
        let bytes = sample.bytes
        #expect(Transcript.of(bytes) == sample.verdict)
        #expect(Transcript.of(bytes, pieces: Array(repeating: 1, count: bytes.count)) == sample.verdict)
        let generator = SeededGenerator(seed: UInt64(bytes.count))
        for _ in 0..<4 {
            #expect(Transcript.of(bytes, pieces: Self.pieces(bytes.count, generator)) == sample.verdict)
        }
    }

    @Test func `T20: the corpus is large and has no case twice`() {
        #expect(SmugglingCase.all.count >= 120)
        #expect(Set(SmugglingCase.all.map(\.stream)).count == SmugglingCase.all.count)
    }

    @Test func `T20: the corpus provokes every way in which a request is refused`() {
        let provoked = Set(
            SmugglingCase.all.filter(\.isRefused).compactMap { sample in
                sample.verdict.split(separator: " ").last.flatMap {
                    RequestError(rawValue: String($0.dropFirst()))
                }
            })
        // The first is thrown by a look-up, the second only when its limit is below the request line's.
        #expect(Set(RequestError.allCases).subtracting(provoked) == [.duplicateHeader, .targetTooLong])
    }

    @Test func `T20: a mutated stream never crashes the parser and is read one way`() {
        let generator = SeededGenerator(seed: 20)
        let seeds = SmugglingCase.all.map(\.bytes).filter { $0.count < 400 }
        for _ in 0..<4_000 {
            let bytes = Self.mutate(seeds, generator)
            let whole = Transcript.of(bytes)
            #expect(Transcript.of(bytes, pieces: Self.pieces(bytes.count, generator)) == whole)
        }
    }

    @Test func `T20: random bytes never crash the parser`() {
        let generator = SeededGenerator(seed: 21)
        for _ in 0..<2_000 {
            let bytes = generator.bytes(Int(generator.next() % 200))
            #expect(Transcript.of(bytes) == Transcript.of(bytes, pieces: Self.pieces(bytes.count, generator)))
        }
    }

    /// Random pieces of up to 24 bytes that sum up to `count`.
    private static func pieces(_ count: Int, _ generator: SeededGenerator) -> [Int] {
        var pieces: [Int] = []
        var left = count
        while left > 0 {
            let piece = min(left, 1 + Int(generator.next() % 24))
            pieces.append(piece)
            left -= piece
        }
        return pieces
    }

    /// One seed with one to four bytes changed, removed or added, or with another seed spliced in.
    private static func mutate(_ seeds: [[UInt8]], _ generator: SeededGenerator) -> [UInt8] {
        func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(max(bound, 1))) }
        let interesting = Array("\r\n\t :;,=0123af/?#%*\"\u{0}\u{7F}".utf8)
        var bytes = seeds[below(seeds.count)]
        for _ in 0...below(4) where !bytes.isEmpty {
            let index = below(bytes.count)
            switch below(5) {
            case 0: bytes[index] = interesting[below(interesting.count)]
            case 1: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
            case 2: bytes.remove(at: index)
            case 3: bytes.insert(interesting[below(interesting.count)], at: index)
            default: bytes.replaceSubrange(index..., with: seeds[below(seeds.count)])
            }
        }
        return bytes
    }
}
