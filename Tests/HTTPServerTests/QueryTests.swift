import HTTPServer
import Testing

@Suite struct QueryTests {
    private static func query(_ raw: String) throws(QueryError) -> Query { try Query(Array(raw.utf8)[...]) }

    @Test(arguments: [
        ("", []), ("a=b", ["a|b"]), ("a=b&c=d", ["a|b", "c|d"]), ("a", ["a|"]), ("a=", ["a|"]),
        ("a=b=c", ["a|b=c"]),
        ("a+b=c+d", ["a b|c d"]), ("a=%2B", ["a|+"]), ("a%26=%3D", ["a&|="]), ("a=%C3%A9", ["a|é"]),
        ("a;b=c", ["a;b|c"]),
        ("a=1&a=2", ["a|1", "a|2"]), ("a=?/", ["a|?/"]),
    ])
    func `a query is a list of pairs`(raw: String, pairs: [String]) throws {
        #expect(try Self.query(raw).parameters.map { $0.name + "|" + $0.value } == pairs)
    }

    @Test(arguments: [
        "&", "a&", "&a", "a=1&&b=2", "=a", "=", "a=%", "a=%1", "a=%zz", "a=%00", "a=%0A", "a=%FF", "%FF=a",
        "a=%C3&b",
    ])
    func `a malformed query is refused`(raw: String) {
        #expect(throws: QueryError.malformed) { try Self.query(raw) }
    }

    @Test func `duplicates are seen`() throws {
        let query = try Self.query("a=1&b=2&a=3&b=4")
        #expect(query.all("a") == ["1", "3"])
        #expect(throws: QueryError.duplicate("b")) { try query.only("b") }
        #expect(try query.only("c") == nil)
        #expect(try Self.query("a=1&b=2").only("b") == "2")
    }

    @Test func `the number of parameters is bounded`() throws {
        let most = Array(repeating: "a=1", count: Query.parameterLimit).joined(separator: "&")
        #expect(try Self.query(most).parameters.count == Query.parameterLimit)
        #expect(throws: QueryError.tooManyParameters) { try Self.query(most + "&a=1") }
    }
}
