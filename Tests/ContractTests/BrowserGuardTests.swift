import HTTPServer
import TestSupport
import Testing

@testable import Service

/// What browsers are told by every answer, whoever asked for what.
struct BrowserGuardTests {
    @Test func `every answer is kept by nobody, framed by nobody, and runs nothing`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            for (path, status) in [
                ("/healthz", 200), ("/problems/not_found", 200), ("/nowhere", 404), ("/v1/me", 200),
                ("/v1/users?nothing=1", 400),
            ] {
                let answer = try await premises.call("GET", path, as: owner.token)
                #expect(answer.status == status)
                let head = answer.response.head
                #expect(head[.cacheControl] == "no-store", "\(path)")
                #expect(head[.xContentTypeOptions] == "nosniff")
                #expect(head[.referrerPolicy] == "no-referrer")
                let policy = head[.contentSecurityPolicy] ?? ""
                #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
                // Docs/second-factors.md makes a passkey from the console of a page of ours.
                #expect(policy.contains("connect-src 'self'"))
                // By plain HTTP on this machine nobody would heed it.
                #expect(head[.strictTransportSecurity] == nil)
                #expect(Set(head.fields.map(\.name.text)).count == head.fields.count, "\(head.fields)")
            }
        }
    }

    @Test func `whoever comes by TLS comes by TLS for a year`() throws {
        var head = ResponseHead(.ok)
        BrowserGuards(isOnlyByTLS: true).add(to: &head)
        #expect(head[.strictTransportSecurity] == "max-age=31536000")
        for (environment, isOnly) in [
            (["KEYBELL_PUBLIC_ORIGIN": "https://keybell.desk.example"], true),
            (["KEYBELL_PUBLIC_ORIGIN": "http://localhost:8720"], false), ([:], false),
        ] {
            let settings = try Settings(environment: environment, home: "/h", isRoot: false, cores: 1)
            #expect(settings.isOnlyByTLS == isOnly)
        }
    }

    @Test func `what an answer says itself of caching and of its page stands alone`() {
        var head = ResponseHead(.ok)
        head.add(.cacheControl, "no-store, private")
        head.add(.contentSecurityPolicy, "sandbox")
        BrowserGuards(isOnlyByTLS: false).add(to: &head)
        #expect(head.fields.filter { $0.name == .cacheControl }.map(\.value) == ["no-store, private"])
        #expect(head.fields.filter { $0.name == .contentSecurityPolicy }.map(\.value) == ["sandbox"])
    }
}
