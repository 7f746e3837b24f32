import Testing

@testable import Service

struct LoggedPathTests {
    private static let token = "kbt_0example0example0example0example00000"

    private func logged(_ path: String) -> String { LoggedPath.text(Array(path.utf8)[...]) }

    @Test(arguments: [
        "/", "*", "", "//", "/v1/keys", "/v1/keys/key_01ke6my6g1e23vtc7yy680gxcf/revoke",
        "/v1/jobs/rotation-due/run",
        "/v1/alerts/alrt_01ke6my6g1e23vtc7yy680gxcf/explain", "/problems/database_unavailable",
        "/v1/tokens/BTC%2FUSD", "/v1/k%C3%A4se", "/v1/skb_x", "/v1/whpk_short",
    ])
    func `a path without a secret stands as it came`(_ path: String) { #expect(logged(path) == path) }

    @Test(arguments: [
        token, "kbt_x", "kbb_0example", "kbi_0example", "kbd_0example",
        "kbroot1_0example", "whsec_0example", "whsk_0example",
        "Bearer%20\(token)", "x=kbt_0example", "%6bbt_0example", "kbt%5F0example", "%256bbt_0example",
        String(repeating: "a", count: 33), "8b1f5c0e-3c1e-4a6f-9a3b-2f6f1a0c9d7e", "%zz",
    ])
    func `what may be a secret ends the path`(_ segment: String) {
        #expect(logged("/v1/keys/\(segment)") == "/v1/keys/[redacted]")
        // Base64 has slashes: what follows may be the rest of it.
        #expect(logged("/\(segment)/rest/of/it") == "/[redacted]")
    }

    @Test(arguments: [
        token, "kbt_x", "kbi_0example", "kbb_0example", "kbroot1_0example", "whsec_0example", "id-\(token)",
        "id_\(token)", "x\(token)", "req_1-kbt_", "\(token)_x",
    ])
    func `a request's id that holds a token is not taken`(_ id: String) {
        #expect(LoggedPath.holdsToken(id))
    }

    @Test(arguments: [
        "8b1f5c0e-3c1e-4a6f-9a3b-2f6f1a0c9d7e", "req_01ke6my6g1e23vtc7yy680gxcf", "kbt", "kb-1", "backbone_1",
        "_", "a_b_c", String(repeating: "a", count: 64),
    ])
    func `any other is`(_ id: String) { #expect(!LoggedPath.holdsToken(id)) }
}
