import Access
import HTTPServer
import Kernel
import Postgres

/// Votes as rows. Who may vote is decided by the database, whoever writes the row.
enum ApprovalVoteStore {
    private static let write = Statement(
        "approval_vote_write",
        """
        insert into approval_vote (approval, approver, verdict, reason, solo, access_token, at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (approval, approver) do update set verdict = excluded.verdict, reason = excluded.reason,
            solo = excluded.solo, access_token = excluded.access_token, at = excluded.at
        """)
    private static let read = Statement(
        "approval_vote_read",
        """
        select approval, approver, verdict, reason, solo, at from approval_vote where approval = any ($1)
        order by at, approver
        """)

    static nonisolated(nonsending) func write(
        _ vote: Approval.Vote, on id: ApprovalID, by token: AccessTokenID?, in transaction: Transaction
    ) async throws {
        do throws(PostgresError) {
            _ = try await transaction.query(
                write, .id(id), .id(vote.approver), .text(vote.verdict.rawValue), .text(vote.reason),
                .bool(vote.isSolo), .id(token), .timestamp(vote.at))
        } catch {
            throw Self.refusal(error) ?? error
        }
    }

    static nonisolated(nonsending) func all(
        of ids: [ApprovalID], in source: any Queryable
    ) async throws -> [ApprovalID: [Approval.Vote]] {
        guard !ids.isEmpty else { return [:] }
        return try await source.query(read, .idArray(ids)).reduce(into: [:]) { votes, row in
            votes[row.id(0), default: []].append(
                Approval.Vote(
                    approver: row.id(1), verdict: row.text(2) == "approve" ? .approve : .reject,
                    reason: row.text(3), isSolo: row.bool(4), at: row.timestamp(5)))
        }
    }

    /// What the database's refusal means.
    private static func refusal(_ error: PostgresError) -> Problem? {
        guard error.isCheckViolation(), case .server(let server) = error else { return nil }
        switch server.constraint {
        case "approval_vote_stands": return Problem(.conflict, "You have decided about it already.")
        case "approval_vote_open": return Problem(.conflict, "There is nothing to decide about it any more.")
        case "approval_vote_person": return .humanRequired
        case "approval_vote_own":
            return Problem(
                .notAnApprover,
                "Nobody decides about their own request, nor about one of a service account that they "
                    + "answer for."
            )
        case "approval_vote_role", "approval_vote_solo":
            return Problem(
                .notAnApprover,
                "Whoever decides holds the role that is asked for, on everything, and held it when the "
                    + "request was made.")
        case "approval_vote_reset":
            return Problem(
                .notAnApprover,
                "Your factors, password or address were reset by somebody who asked for this or approved it, "
                    + "less than 30 days before it was asked for, or since. Somebody else has to decide.")
        default: return nil
        }
    }
}
