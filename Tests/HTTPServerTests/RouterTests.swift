import HTTPServer
import Testing

@Suite struct RouterTests {
    private let router = Router<Int, Int>(
        [
            ("getKey", "/keys/{key_id}"), ("proxy", "/keys/{key_id}/proxy/{host}/{path*}"),
            ("sign", "/keys/{key_id}/sign"),
        ].map { id, path in
            Endpoint(.get, path, id: id, requires: 0) { _, _ in Response(.noContent) }
        })

    private func found(_ path: String) throws -> String? {
        guard
            case .found(let index, let parameters) = try router.match(.get, path: Array(path.utf8)[...])
        else { return nil }
        let operation = router.operations[index].id
        let names = ["key_id", "host"].compactMap { parameters[$0] }
        return ([operation] + names).joined(separator: " ")
    }

    @Test(arguments: [
        "/keys/a/proxy/spot/api/v3/order", "/keys/a/proxy/spot/", "/keys/a/proxy/spot//api",
        "/keys/a/proxy/spot/api/", "/keys/a/proxy/spot/./api", "/keys/a/proxy/spot/..",
        "/keys/a/proxy/spot/../../../../keys/b", "/keys/a/proxy/spot/%2e%2e/sign", "/keys/a/proxy/spot/a%2Fb",
        "/keys/a/proxy/spot/a%00", "/keys/a/proxy/spot/%FF", "/keys/a/proxy/spot/a%5Cb",
        "/keys/a/proxy/spot" + String(repeating: "/a", count: 200),
    ])
    func `what is passed on may be spelled in any way, and is passed on`(path: String) throws {
        #expect(try found(path) == "proxy a spot")
    }

    @Test(arguments: [
        ("/keys/../proxy/spot/a", PathError.dotSegment), ("/keys//proxy/spot/a", .emptySegment),
        ("/keys/a/proxy//spot/a", .emptySegment), ("/keys/a/proxy/../sign", .dotSegment),
        ("/keys/a/proxy/spot%2Fa/b", .encodedSlash), ("/keys/a/proxy/sp%00ot/a", .controlByte),
        ("/./keys/a/proxy/spot/a", .dotSegment), ("//keys/a/proxy/spot/a", .emptySegment),
        ("/keys/a/", .emptySegment), ("/keys/a/sign/", .emptySegment), ("/keys/a/..", .dotSegment),
        ("/other/a/proxy/spot/../a", .dotSegment),
    ])
    func `up to there a path has one spelling`(path: String, error: PathError) {
        #expect(throws: error) { try found(path) }
    }

    @Test func `paths without mistakes are found as ever`() throws {
        #expect(try found("/keys/a") == "getKey a")
        #expect(try found("/keys/a/sign") == "sign a")
        #expect(try found("/keys/a/proxy/spot") == nil)
        #expect(try found("/keys/a/proxy") == nil)
        #expect(try found("/") == nil)
    }
}
