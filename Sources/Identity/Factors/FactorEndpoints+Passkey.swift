import Access
import Crypto
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import WebAuthn

/// A passkey: the browser asks for options, makes one, and brings it.
extension FactorEndpoints {
    var passkeyOperations: [Operation] {
        [
            Endpoint(
                .get, "/v1/me/factors/passkeys/options", id: "getPasskeyOptions", requires: .self,
                errors: [.humanRequired, .passkeysUnavailable], handle: options),
            Endpoint(
                .post, "/v1/me/factors/passkeys", id: "addPasskey", requires: .self,
                errors: [.conflict, .alreadyExists, .alreadyDone, .factorRefused, .passkeysUnavailable],
                repeats: .refusal, stepUp: .forOwnFactors, handle: add),
        ]
    }

    private nonisolated(nonsending) func options(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        let user = try context.person()
        let party = try book.passkeyParty()
        guard let record = try await PrincipalStore.find(PrincipalID(user), in: ledger.database) else {
            throw Problem.unauthenticated
        }
        let known = try await FactorStore.credentials(of: user, in: ledger.database)
        let challenge = try PasskeyChallenge.make(
            .registration, of: user, at: context.now, by: book.seal.opened().keyring)
        let options = PasskeyOptions(party: party, challenge: challenge, known: known)
        return Response.object { w in
            w.key("public_key")
            options.writeCreation(for: record, to: &w)
            w.field("expires_at", (context.now + PasskeyChallenge.lifetime).description)
        }.header(.cacheControl, "no-store")
    }

    private nonisolated(nonsending) func add(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.refuseParameters()
        let user = try await owner(context)
        let party = try book.passkeyParty()
        var fields = try await request.fields(limit: 256 * 1_024)
        let name = fields.has("name") ? fields.name() : "Passkey"
        let offer = fields.take("credential").flatMap(PasskeyOffer.init)
        if offer == nil {
            fields.fail("credential", code: FieldCode.malformed, "must be what a browser made")
        }
        try fields.finish()
        guard let offer,
            let registration = try? Registration(
                clientData: offer.clientData, attestation: offer.attestation, at: party)
        else { throw Problem.factorRefused }
        return try await ledger.change(context) { change in
            let factor = try await add(registration, name, of: user, change)
            return added(factor, try await change.firstRecoveryCodes(of: user, ledger.entropy))
        }
    }

    private nonisolated(nonsending) func add(
        _ registration: Registration, _ name: String, of user: UserID, _ change: Change
    ) async throws -> Factor {
        let (now, transaction) = (change.context.now, change.transaction)
        _ = try await PrincipalStore.locked(PrincipalID(user), in: transaction)
        try await checkRoom(of: user, change)
        let end = PasskeyChallenge.end(
            of: registration.challenge, .registration, of: user, at: now, by: try book.seal.opened().keyring)
        guard let end,
            try await OnceStore.spend(registration.challenge, until: end, at: now, in: transaction)
        else { throw Problem.factorRefused }
        let id: FactorID = ledger.newID()
        let isNew = try await FactorStore.insert(
            id, of: user, name, credential: registration.credentialID, key: registration.key.bytes,
            count: registration.signatureCount, at: now, in: transaction)
        guard isNew, let factor = try await FactorStore.find(id, of: user, in: transaction) else {
            throw Problem(.alreadyExists, "This passkey is registered already.")
        }
        change.noteAdded(factor)
        try await change.freshen(by: Factor.Kind.passkey.rawValue)
        return factor
    }
}

extension FactorBook {
    func passkeyParty() throws(Problem) -> RelyingParty {
        guard let party else {
            throw Problem(
                .passkeysUnavailable,
                "Passkeys need a domain: KEYBELL_PUBLIC_ORIGIN must be https://… with a name, no address, "
                    + "or http://localhost…."
            )
        }
        return party
    }
}
