import FuzzTargets
import Kernel
import Testing

/// The short form of Scripts/fuzz, for every run: each corpus is replayed, then a seeded walk of mutations.
/// A finding of libFuzzer becomes a file of the corpus, and so a test.
@Suite struct FuzzTests {
    @Test(arguments: FuzzTarget.all)
    func `the corpus holds`(target: FuzzTarget) throws {
        let corpus = try Corpus(target.name)
        #expect(corpus.samples.count >= 3)
        for sample in corpus.samples {
            #expect(throws: Never.self, "\(target.name)/\(sample.name)") { try target.check(sample.bytes) }
        }
    }

    @Test(arguments: FuzzTarget.all)
    func `mutations of the corpus hold`(target: FuzzTarget) throws {
        var mutation = Mutation(of: try Corpus(target.name).samples.map(\.bytes), seed: 20)
        for _ in 0..<4_000 {
            let input = mutation.next()
            do throws(Finding) {
                try target.check(input)
            } catch {
                Issue.record("\(target.name): \(error), by \(input)")
                return
            }
        }
    }

    @Test func `every corpus has its fuzzer`() throws {
        #expect(try Set(Corpus.names()) == Set(FuzzTarget.all.map(\.name)))
    }
}

extension FuzzTarget: CustomTestStringConvertible {
    public var testDescription: String { name }
}
