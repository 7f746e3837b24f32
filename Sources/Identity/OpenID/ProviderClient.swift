import Crypto
import EventLoop
package import HTTPClient
import JSON
package import Kernel

/// Asks the provider, under the address guard, and keeps for a while what it said of itself. Of one loop.
package final class ProviderClient {
    /// What it said of itself is asked for again after this; keys that vanished are no keys any more then.
    static let lifetime: Period = .minutes(10)
    /// A token that names an unknown key may mean that keys were changed; asked again no more often.
    static let pause: Period = .seconds(60)
    /// Somebody waits in front of a browser.
    package static let timeLimits = OutgoingRequest.TimeLimits(connect: .seconds(5), total: .seconds(10))
    private static let documentBytes = 262_144

    let settings: OpenIDSettings
    private let client: HTTPClient
    private let secret: Secret
    private let timeLimits: OutgoingRequest.TimeLimits
    private let metadata: ProviderWord<ProviderMetadata>
    private let keys: ProviderWord<KeySet>

    /// The text of the client's secret; it is asked for at each use.
    package typealias Secret = nonisolated(nonsending) () async throws -> String?

    package init(
        _ settings: OpenIDSettings, client: HTTPClient, clock: Clock,
        timeLimits: OutgoingRequest.TimeLimits = timeLimits, secret: @escaping Secret
    ) {
        (self.settings, self.client) = (settings, client)
        (self.timeLimits, self.secret) = (timeLimits, secret)
        (metadata, keys) = (ProviderWord(clock), ProviderWord(clock))
    }

    nonisolated(nonsending) func describe() async throws(ProviderFailure) -> ProviderMetadata {
        if let known = metadata.known(within: Self.lifetime) { return known }
        return try await metadata.ask { () async throws(ProviderFailure) in
            let document = try await document(at: url(ProviderMetadata.address(of: settings.issuer)))
            return try ProviderMetadata(
                document, issuer: settings.issuer, allowance: settings.allowance)
        }
    }

    private func url(_ text: String) throws(ProviderFailure) -> OutgoingURL {
        do throws(URLRefusal) {
            return try OutgoingURL(text, allowance: settings.allowance)
        } catch {
            throw .unreachable("\(error)")
        }
    }
}

// MARK: Keys

extension ProviderClient {
    /// Whether one of the provider's keys signed it. Keys may have been changed since we looked, so we look
    /// again for one that is unknown, or where keys have no names and none of them fits.
    nonisolated(nonsending) func verify(_ token: SignedToken) async throws {
        let current = try await currentKeys()
        do throws(TokenRefusal) {
            try current.verify(token)
        } catch {
            let mayBeNewer = error == .unknownKey || error == .signature && token.keyID == nil
            guard mayBeNewer, let fresh = try await newerKeys() else { throw error }
            try fresh.verify(token)
        }
    }

    private nonisolated(nonsending) func currentKeys() async throws(ProviderFailure) -> KeySet {
        if let known = keys.known(within: Self.lifetime) { return known }
        return try await askForKeys()
    }

    /// Nil: they were asked for a moment ago.
    private nonisolated(nonsending) func newerKeys() async throws(ProviderFailure) -> KeySet? {
        if !keys.isAsking, keys.known(within: Self.pause) != nil { return nil }
        return try await askForKeys()
    }

    private nonisolated(nonsending) func askForKeys() async throws(ProviderFailure) -> KeySet {
        try await keys.ask { () async throws(ProviderFailure) in
            let document = try await document(at: describe().keys)
            guard let fresh = KeySet(document) else { throw .unusable("its jwks_uri leads to no key set") }
            return fresh
        }
    }
}

// MARK: Codes

extension ProviderClient {
    /// What the provider gives for a code (OpenID Connect Core, 3.1.3.3).
    struct Tokens {
        let idToken: String
        let accessToken: String?
    }

    nonisolated(nonsending) func tokens(
        for code: String, verifier: String
    ) async throws(ProviderFailure) -> Tokens {
        let provider = try await describe()
        let answer = try await send(try await tokenRequest(code, verifier, to: provider))
        let document = try? JSONValue.parse(answer.body)
        if (400..<500).contains(answer.status) {
            throw .refused(Self.word(document?["error"]?.asString) ?? "\(answer.status)")
        }
        guard answer.status == 200 else { throw .status(answer.status) }
        guard let idToken = document?["id_token"]?.asString else {
            throw .unusable("its token endpoint gave no id_token")
        }
        return Tokens(idToken: idToken, accessToken: document?["access_token"]?.asString)
    }

    private nonisolated(nonsending) func tokenRequest(
        _ code: String, _ verifier: String, to provider: ProviderMetadata
    ) async throws(ProviderFailure) -> OutgoingRequest {
        var form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", settings.redirect),
            ("code_verifier", verifier),
        ]
        var headers = [
            OutgoingHeader("content-type", "application/x-www-form-urlencoded"),
            OutgoingHeader("accept", "application/json"),
        ]
        if let secret = try await clientSecret(), !provider.sendsSecretInForm {
            // RFC 6749, 2.3.1: both are form-encoded before they are joined.
            let pair = "\(FormEncoding.escape(settings.clientID)):\(FormEncoding.escape(secret))"
            headers.append(OutgoingHeader("authorization", "Basic \(Base64.encode(Array(pair.utf8)))"))
        } else {
            form.append(("client_id", settings.clientID))
            if let secret = try await clientSecret() { form.append(("client_secret", secret)) }
        }
        return OutgoingRequest(
            .post, provider.tokenEndpoint, headers: headers, body: Array(FormEncoding.text(form).utf8),
            allowance: settings.allowance, mayResend: false)
    }

    private nonisolated(nonsending) func clientSecret() async throws(ProviderFailure) -> String? {
        do {
            return try await secret()
        } catch {
            throw .secret("\(error)")
        }
    }

    /// An error code of the provider's, for the log: letters and underscores (RFC 6749, 5.2), nothing else.
    static func word(_ text: String?) -> String? {
        guard let text, (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ (97...122).contains($0) || $0 == UInt8(ascii: "_") })
        else { return nil }
        return text
    }
}

// MARK: Asking

extension ProviderClient {
    private nonisolated(nonsending) func document(at url: OutgoingURL) async throws(ProviderFailure)
        -> JSONValue
    {
        let request = OutgoingRequest(
            .get, url, headers: [OutgoingHeader("accept", "application/json")], allowance: settings.allowance,
            mayResend: true)
        let answer = try await send(request)
        guard answer.status == 200 else { throw .status(answer.status) }
        guard let document = try? JSONValue.parse(answer.body) else { throw .unusable("it answers no JSON") }
        return document
    }

    nonisolated(nonsending) func send(
        _ request: OutgoingRequest
    ) async throws(ProviderFailure) -> OutgoingResponse {
        var request = request
        request.timeLimits = timeLimits
        request.responseLimits = .init(readBytes: Self.documentBytes, keptBytes: Self.documentBytes)
        let answer: OutgoingResponse
        do throws(OutgoingError) {
            answer = try await client.send(request)
        } catch {
            throw .unreachable("\(error)")
        }
        guard !answer.isTruncated else { throw .unusable("its answer is longer than is read") }
        return answer
    }
}
