import Access
import HTTPServer
import Identity
import Kernel

/// Whoever sends a body for longer than a request takes is let in again as it comes: an access token or a
/// session that is over, or a right that was taken, ends the upload.
final class UploadWatch {
    /// What came by then was sent by somebody who might.
    private static let everyNanoseconds: UInt64 = 1_000_000_000

    /// Why it was ended.
    private(set) var refusal: Problem?

    /// Nil where there is nothing to watch: no body, or all of it here, or nobody who was let in.
    init?(
        _ request: Request, _ operation: Operation, _ admission: Admission, _ visit: Visit, _ gate: Gate
    ) {
        guard !request.body.isEmpty, !request.body.isHere, admission.caller != nil else { return nil }
        var lookedAt = request.receivedAt
        // The body stays with its request, and this with the answer that it is about.
        request.body.isWelcome = { [unowned request, weak self] in
            let now = gate.clock.monotonicNanoseconds()
            guard now &- lookedAt >= Self.everyNanoseconds, let self else { return true }
            lookedAt = now
            do {
                _ = try await gate.readmit(admission, request, to: operation, visit)
            } catch let problem as Problem where problem.code.status != .serviceUnavailable {
                self.refusal = problem
                return false
            } catch {
                // Who cannot be asked cannot store anything either.
                return true
            }
            return true
        }
    }
}
