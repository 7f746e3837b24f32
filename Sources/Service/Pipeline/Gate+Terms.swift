import Access
import HTTPServer
import Identity
import Kernel

/// What a request owes by the terms of its access token, once it is let in and before it runs.
struct UseDue {
    let caller: Caller
    /// Of a bound token's request: the head's, which verified.
    let signature: RequestSignature?
}

/// Access tokens that are bound to a key, counted, or lapse by idleness.
extension Gate {
    /// What of a bound token's request is held until its digest is known to hold: as much as of any body that
    /// is not streamed. Streamed uploads commit as they go, so of these a part must do.
    private static let heldBytes = 1 << 20

    /// The request's signature, verified over its head; nil where the token needs none.
    @inline(never)
    func signature(
        of request: Request, _ caller: Caller, _ operation: Operation, _ now: Timestamp
    ) async throws -> RequestSignature? {
        guard let key = caller.terms?.key, let token = caller.actor.accessToken else { return nil }
        do throws(SignatureFault) {
            return try RequestSignature.verified(
                SignedMessage(request), hasBody: !request.body.isEmpty, by: key, of: token, at: now)
        } catch {
            throw try await refuse(error, caller, request, operation, now)
        }
    }

    /// Throws unless all is paid: then the body is the signed one, the nonce is taken, the use is counted.
    @inline(never)
    func collect(_ due: UseDue, _ request: Request, _ operation: Operation) async throws {
        if let digest = due.signature?.digest {
            let body = try await held(request, operation)
            do throws(SignatureFault) {
                try digest.check(body)
            } catch {
                throw try await refuse(error, due.caller, request, operation, clock.now())
            }
        }
        let (credential, now) = (try credential(of: request, to: operation), clock.now())
        let refusal = try await authenticator.charge(due.caller, credential, due.signature, now: now)
        guard let refusal else { return }
        let problem = try await refuse(refusal, request, operation, now)
        guard refusal.reason == .replayed else { throw problem }
        throw Problem(SignatureFault(.replayed, "A request with this nonce came before; sign each anew."))
    }

    private nonisolated(nonsending) func held(_ request: Request, _ operation: Operation) async throws
        -> [UInt8]
    {
        let limit = operation.bodyLimit > 0 ? operation.bodyLimit : Self.heldBytes
        do throws(BodyError) {
            return try await request.body.hold(limit: limit)
        } catch .tooLarge(let limit) {
            throw Problem(
                .payloadTooLarge,
                """
                Under a bound access token nothing of a body counts before its digest holds, so it may have \
                at most \(limit) bytes as sent: send less at a time.
                """)
        }
    }

    private nonisolated(nonsending) func refuse(
        _ fault: SignatureFault, _ caller: Caller, _ request: Request, _ operation: Operation,
        _ now: Timestamp
    ) async throws -> Problem {
        _ = try await refuse(caller.refusal(.signature), request, operation, now)
        return Problem(fault)
    }
}
