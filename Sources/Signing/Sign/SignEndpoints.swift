package import Access
import Crypto
package import Exchanges
import HTTPServer
package import JSON
package import Kernel
import Keys
import Postgres

/// `/v1/keys/{key_id}/sign`: the signed request is handed back, to the byte.
package struct SignEndpoints {
    private let batcher: UseBatcher
    private let hosts: ExchangeHosts
    private let clocks: ExchangeClocks
    private let entropy: Entropy

    package init(batcher: UseBatcher, hosts: ExchangeHosts, clocks: ExchangeClocks, entropy: Entropy) {
        (self.batcher, self.hosts, self.clocks, self.entropy) = (batcher, hosts, clocks, entropy)
    }

    package var operations: [Operation] {
        [
            Operation(
                .post, "/v1/keys/{key_id}/sign", id: "signRequest", requires: .scoped(.keysSign),
                errors: [.notFound, .conflict, .alreadyDone, .keyTampered, .policyDenied],
                bodyLimit: SignBody.bytes, repeats: .refusal, settlesItself: true, tokensOnly: true,
                handle: sign),
            Operation(
                .post, "/v1/keys/{key_id}/sign/dry-run", id: "tryRequest", requires: .scoped(.keysSign),
                errors: [.notFound, .conflict, .keyTampered], bodyLimit: SignBody.bytes, repeats: .nothing
            ) { try await dryRun($0, $1, .sign) },
            Operation(
                .post, "/v1/keys/{key_id}/proxy-dry-run", id: "tryProxiedRequest",
                requires: .scoped(.keysProxy),
                errors: [.notFound, .conflict, .keyTampered], bodyLimit: SignBody.bytes, repeats: .nothing
            ) { try await dryRun($0, $1, .proxy) },
        ]
    }
}

extension SignEndpoints {
    private nonisolated(nonsending) func sign(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let body = try SignBody(try await request.fields(limit: SignBody.bytes))
        try StrayToken.refuse(in: body.incoming, as: .fields)
        let decision = try await batcher.decide(
            UseRequest(.sign, try request.keyID(), body.incoming, context))
        switch decision {
        case .denied(let denied): throw Problem.denied(denied, to: context)
        case .admitted(let use):
            do {
                return try response(to: use)
            } catch {
                batcher.onGivenUp?(use)
                throw error
            }
        }
    }

    private func response(to use: AdmittedUse) throws -> Response {
        let moment = use.moment(by: clocks, is: use.at, isHandedOut: true, entropy)
        let signed = try use.signed(at: moment, to: hosts)
        try use.leave.check()
        let exchange = Exchange.of(use.key.key.exchange)
        let window = exchange.name.window(at: use.draft.host, asking: moment.receiveWindow)
        return Response.object { w in
            w.field("usage_id", use.usage.description)
            w.field("request", signed)
            w.field("valid_until", window.map { (use.at + $0).description })
            w.field("client_order_ids", use.clientOrderIDs)
            w.field("not_covered", exchange.notCovered.map(\.rawValue))
        }
    }
}

// MARK: Without consequences

extension SignEndpoints {
    /// Every clause's verdict, and the text that would be signed; no signature, and no counter moves.
    private nonisolated(nonsending) func dryRun(
        _ request: Request, _ context: Context, _ way: UseWay
    ) async throws -> Response {
        try request.parameters().finish()
        let body = try SignBody(try await request.fields(limit: SignBody.bytes))
        try StrayToken.refuse(in: body.incoming, as: .fields)
        let asked = UseRequest(way, try request.keyID(), body.incoming, context)
        let trial = try await batcher.trial(of: asked)
        let seesPolicies = context.may(.policiesRead, on: trial.target)
        let text = trial.draft.flatMap { stringToSign($0, trial) }
        return Response.object { w in
            w.field("verdict", trial.judgement.isAllowed ? "allowed" : "denied")
            w.field("operation", trial.judgement.operation.rawValue)
            w.array("clauses", trial.judgement.clauses(whole: seesPolicies)) { w, clause in w.value(clause) }
            w.array("prices", trial.judgement.prices(whole: seesPolicies)) { w, price in w.value(price) }
            w.field("string_to_sign", text.map { $0.text ?? Base64.encode($0.bytes) })
            w.field("string_to_sign_encoding", text.map { $0.text == nil ? "base64" : "text" })
            w.field("policy_version", trial.judgement.policyVersion)
            w.array("numbers", trial.numbers) { w, verdict in w.value(verdict) }
        }
    }

    private func stringToSign(_ draft: RequestDraft, _ trial: UseTrial) -> StringToSign? {
        guard let host = hosts.host(draft.host, of: trial.key.exchange, in: trial.key.environment) else {
            return nil
        }
        let place = ExchangeClocks.Place(trial.key.exchange, trial.key.environment)
        let at = clocks.now(at: place, is: trial.at)
        return StringToSign(
            draft, of: trial.key.exchange, kind: trial.kind,
            at: SigningMoment(at: at, nonce: UInt64(max(at.microseconds, 0)), entropy: entropy), to: host)
    }
}

extension AdmittedUse {
    /// - Parameter time: ours; what is signed tells the exchange's. A cancel has the widest window while
    ///   nobody knows how far the two are apart.
    func moment(
        by clocks: ExchangeClocks, is time: Timestamp, isHandedOut: Bool = false, _ entropy: Entropy
    ) -> SigningMoment {
        let place = ExchangeClocks.Place(key.key.exchange, key.key.environment)
        let isWide = meaning.operation == .cancel && clocks.isUncertain(place, at: time)
        let window = isWide ? key.key.exchange.widestWindow : nil
        let usual =
            isHandedOut ? clocks.narrowWindow(at: place, is: time) : SigningMoment.usualReceiveWindow
        return SigningMoment(
            at: clocks.now(at: place, is: time), nonce: nonce, receiveWindow: window ?? usual,
            entropy: entropy)
    }

    /// Signs in memory; nothing has left yet.
    func signed(at moment: SigningMoment, to hosts: ExchangeHosts) throws -> SignedRequest {
        let key = self.key.key
        guard let credential = self.key.credential else {
            throw Problem(.conflict, "The key has no current version.")
        }
        guard let host = hosts.host(draft.host, of: key.exchange, in: key.environment) else {
            throw Problem(
                .conflict, "\(key.exchange.rawValue) has no such host for \(key.environment.rawValue).")
        }
        if key.exchange.isPublic(draft) { return SignedRequest(unsigned: draft, to: host) }
        do throws(SigningError) {
            return try key.exchange.adapter.sign(draft, with: credential, at: moment, to: host)
        } catch {
            throw Problem(.conflict, "This request cannot be signed at \(key.exchange.rawValue): \(error).")
        }
    }
}

extension SignedRequest: JSONWritable {
    /// So that nobody writes it anew.
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("method", method.rawValue)
            w.field("url", url)
            w.object("headers") { w in for header in headers { w.field(header.name, header.value) } }
            w.field("body_base64", body.map { Base64.encode($0) })
        }
    }
}
