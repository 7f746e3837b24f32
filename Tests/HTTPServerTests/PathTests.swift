import HTTPServer
import Kernel
import Testing

@Suite struct PathTests {
    @Test(arguments: [
        ("/", []), ("/v1", ["v1"]), ("/v1/keys/key_01/revoke", ["v1", "keys", "key_01", "revoke"]),
        ("/a%20b/%C3%A9", ["a b", "é"]), ("/a+b", ["a+b"]), ("/%2525", ["%25"]), ("/...", ["..."]),
        ("/a:b@c", ["a:b@c"]),
    ])
    func `a path has its segments decoded once`(raw: String, segments: [String]) throws {
        #expect(try Path(Array(raw.utf8)[...]).segments == segments)
    }

    @Test(arguments: [
        ("", PathError.notAbsolute), ("*", .notAbsolute), ("a", .notAbsolute), ("//", .emptySegment),
        ("/a/", .emptySegment), ("/a//b", .emptySegment), ("//a", .emptySegment), ("/.", .dotSegment),
        ("/..", .dotSegment), ("/a/../b", .dotSegment), ("/%2e", .dotSegment), ("/.%2E/a", .dotSegment),
        ("/%2E%2e", .dotSegment), ("/a%2Fb", .encodedSlash), ("/a%2fb", .encodedSlash),
        ("/a%5Cb", .encodedSlash),
        ("/%00", .controlByte), ("/%0d%0a", .controlByte), ("/%7F", .controlByte), ("/%FF", .invalidUTF8),
        ("/%C3", .invalidUTF8), ("/%C0%AF", .invalidUTF8), ("/%ED%A0%80", .invalidUTF8),
        ("/%", .malformedPercent),
        ("/%4", .malformedPercent), ("/%4g", .malformedPercent), ("/%u0041", .malformedPercent),
    ])
    func `a path with a second meaning is refused`(raw: String, error: PathError) {
        #expect(throws: error) { try Path(Array(raw.utf8)[...]) }
    }

    @Test func `the number of segments is bounded`() throws {
        let longest = String(repeating: "/a", count: Path.segmentLimit)
        #expect(try Path(Array(longest.utf8)[...]).segments.count == Path.segmentLimit)
        #expect(throws: PathError.tooManySegments) { try Path(Array((longest + "/a").utf8)[...]) }
    }

    @Test func `no decoded segment holds what separates`() {
        let generator = SeededGenerator(seed: 3)
        let alphabet = Array("/.%2F5Cc0eEa".utf8)
        for _ in 0..<20_000 {
            let raw = [0x2F] + (0..<generator.next() % 12).map { _ in alphabet[Int(generator.next() % 12)] }
            guard let path = try? Path(raw[...]) else { continue }
            for segment in path.segments {
                #expect(!segment.isEmpty && segment != "." && segment != ".." && !segment.contains("/"))
                #expect(!segment.contains("\\"))
            }
        }
    }

    @Test func `every error has a sentence`() {
        #expect(Set(PathError.allCases.map(\.sentence)).count == PathError.allCases.count)
    }
}
