import TestSupport
import Testing

/// No sequence of calls lets anybody come to a permission that whoever made the call did not have: random
/// walks over grants, roles, groups, access tokens, ownership of service accounts, what keys are known by,
/// and every way of coming in as somebody.
struct EscalationTests {
    /// In the last of them, who gives something needs somebody's approval.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no sequence of calls gives anybody what nobody had who gave it`(_ seed: UInt64) async throws {
        try await Premises.open { _, premises in
            var walk = try await EscalationWalk(premises, seed: seed, withApprovals: seed == 3)
            for step in 0..<600 {
                let found = try await walk.step()
                #expect(found == nil, "step \(step), seed \(seed): \(found ?? "")")
                if found != nil { return }
            }
            // A walk of refusals would prove nothing.
            #expect(walk.done > 60, "\(walk.done) calls were let through")
            #expect(walk.refused > 30, "\(walk.refused) calls were refused")
            #expect(walk.gained > (seed == 3 ? 4 : 8), "\(walk.gained) steps gave somebody something")
            #expect(walk.opened > (seed == 3 ? 1 : 5), "\(walk.opened) ways in were made")
            if seed == 3 { #expect(walk.approved > 3, "\(walk.approved) requests were carried out") }
        }
    }
}
