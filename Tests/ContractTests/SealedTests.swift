import Access
import Crypto
import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// T3: a sealed node reveals and signs nothing.
struct SealedTests {
    /// Written out here a second time: who opens one more says so twice.
    private static let answered: Set<String> = [
        "abortUnseal", "getAlertPage", "getContractJSON", "getContractYAML", "getDepositPage", "getHealth",
        "getIndex",
        "getInvitationPage", "getLiveness", "getMetrics", "getPasswordPage", "getProblem", "getReadiness",
        "getSeal",
        "unseal",
    ]

    @Test func `T3: every endpoint of a sealed node is 503 but for the allow-list`() async throws {
        try await Premises.open { _, premises in
            let owner = try await premises.owner()
            premises.host.shared.seal.close()
            for operation in premises.operations {
                for token in [owner.token, nil] {
                    let answer = try await premises.knock(operation, as: token)
                    let what = Comment(rawValue: "\(operation.id): \(answer.status) \(answer.text)")
                    guard !Self.answered.contains(operation.id) else {
                        #expect(answer.code != "sealed", what)
                        continue
                    }
                    #expect(answer.status == 503 && answer.code == "sealed", what)
                    #expect(answer.response.head[.retryAfter] != nil, what)
                }
            }
            #expect(Set(premises.operations.map(\.id)).isSuperset(of: Self.answered))
            #expect(premises.mistakes == [])
        }
    }

    @Test func `a sealed node says so where it is asked how it does`() async throws {
        try await Premises.open { _, premises in
            let seal = premises.host.shared.seal
            let opened = try seal.opened()
            seal.close()
            let ready = try await premises.call("GET", "/readyz")
            #expect(ready.status == 503)
            let check = ready.json["checks"]?.asArray?.first { $0["name"] == "seal" }
            #expect(check?["ok"] == false)
            #expect(check?["detail"] == "sealed")
            #expect(try await premises.call("GET", "/healthz").status == 200)
            let status = try await premises.call("GET", "/v1/system/seal")
            #expect(status.json["sealed"] == true)
            seal.open(with: opened)
            #expect(try await premises.call("GET", "/readyz").status == 200)
            #expect(premises.mistakes == [])
        }
    }

    @Test func `shares are taken from this machine, and never over a network in clear`() async throws {
        try await Premises.open { _, premises in
            premises.host.shared.seal.close()
            let here = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 40_000)
            let body = #"{"share":"kbshare1_x"}"#
            let near = try await premises.call("POST", "/v1/system/unseal", body: body, from: here)
            #expect(near.code == "validation_failed")
            let far = try await premises.call("POST", "/v1/system/unseal", body: body)
            #expect(far.status == 403 && far.code == "insecure_transport")
            #expect(premises.mistakes == [])
        }
    }
}
