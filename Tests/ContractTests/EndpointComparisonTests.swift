import Testing

@Suite struct EndpointComparisonTests {
    private func facts(
        _ path: String = "/v1/keys", id: String = "listKeys", permission: String = "keys:read",
        codes: Set<String> = ["forbidden"]
    ) -> EndpointFacts {
        EndpointFacts(
            method: "GET", path: path, id: id, permission: permission, isScoped: false, errorCodes: codes)
    }

    @Test func `two sides that agree have no difference`() {
        let both = [facts(), facts("/v1/me", id: "getMe", permission: "self")]
        #expect(EndpointComparison.differences(contract: both, router: both.reversed()) == [])
    }

    @Test func `an endpoint of one side only is named`() {
        let found = EndpointComparison.differences(contract: [facts("/a")], router: [facts("/b")])
        #expect(found == ["GET /a: is not in the router", "GET /b: is not in openapi.yaml"])
    }

    @Test func `an endpoint that is registered twice is named`() {
        let found = EndpointComparison.differences(contract: [facts()], router: [facts(), facts()])
        #expect(found == ["GET /v1/keys: stands more than once"])
    }

    @Test func `every fact that differs is named`() {
        let router = facts(id: "keys", permission: "keys:write", codes: ["conflict"])
        let found = EndpointComparison.differences(contract: [facts()], router: [router])
        #expect(
            found == [
                "GET /v1/keys: operationId listKeys, in the router keys",
                "GET /v1/keys: permission keys:read, in the router keys:write",
                "GET /v1/keys: openapi.yaml lacks conflict",
                "GET /v1/keys: the router lacks forbidden",
            ])
    }

    @Test func `the contract yields its facts`() throws {
        let all = try Contract.read().endpointFacts
        let revoke = try #require(all.first { $0.id == "revokeKey" })
        #expect(revoke.name == "POST /v1/keys/{key_id}/revoke")
        #expect(revoke.permission == "keys:revoke")
        #expect(!revoke.tokensOnly)
        #expect(all.first { $0.id == "revealKey" }?.tokensOnly == true)
        #expect(revoke.errorCodes.isSuperset(of: ["forbidden", "not_found", "precondition_failed"]))
    }
}
