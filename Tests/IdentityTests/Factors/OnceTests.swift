import Access
import EventLoop
import Events
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// T13: whatever is shown 64 times at once, on four nodes, counts once.
@Suite struct OnceTests {
    @Test func `T13: one code in 64 spellings counts once`() async throws {
        let crowd = try await Crowd()
        let digits = Array(try crowd.app.code(at: crowd.context.now))
        let spellings = (0..<64).map { spelling in
            // A dash or a space behind each of six digits.
            digits.enumerated().map { "\($0.element)\(spelling >> $0.offset & 1 == 1 ? "-" : " ")" }.joined()
        }
        #expect(Set(spellings).count == 64)
        #expect(try await crowd.countProven(spellings.map { .totp($0) }) == 1)
        try await crowd.scratch.drop()
    }

    @Test func `T13: one recovery code in 64 spellings counts once`() async throws {
        let crowd = try await Crowd()
        let code = try #require(crowd.codes.first).filter { $0 != "-" }
        let spellings = (0..<64).map { spelling in
            // A dash or a space behind each of six characters, in small letters or capitals.
            let text = code.enumerated().map { place in
                place.offset < 6
                    ? "\(place.element)\(spelling >> place.offset & 1 == 1 ? "-" : " ")"
                    : "\(place.element)"
            }.joined()
            return spelling % 3 == 0 ? text.uppercased() : text
        }
        #expect(Set(spellings).count == 64)
        #expect(try await crowd.countProven(spellings.map { .recoveryCode($0) }) == 1)
        let left = try await crowd.scratch.visit { _, database in
            try await OnceStore.codes(of: crowd.user, in: database).left
        }
        #expect(left == 9)
        try await crowd.scratch.drop()
    }

    @Test func `one signature of a passkey in 64 requests counts once`() async throws {
        let crowd = try await Crowd()
        let answer = try #require(crowd.signed)
        #expect(try await crowd.countProven(Array(repeating: .passkey(answer), count: 64)) == 1)
        try await crowd.scratch.drop()
    }
}

/// A user with an app, recovery codes and a passkey, and four nodes that the user's answers reach at once.
private struct Crowd: Sendable {
    let scratch: ScratchDatabase
    let book: FactorBook
    let user: UserID
    let context: Context
    let app: SoftApp
    let codes: [String]
    let signed: PasskeyAnswer?

    init() async throws {
        let scratch = try await ScratchDatabase.make()
        let made = try await scratch.visit { _, database async throws in
            let desk = try await FactorDesk(database)
            let (_, app, codes) = try await desk.addApp()
            let passkey = try SoftAuthenticator(origin: FactorDesk.origin, credential: [1, 2, 3])
            _ = try await desk.addPasskey(passkey)
            let later = desk.at(.minutes(2))
            let signed = PasskeyAnswer(try passkey.sign(desk.options(at: later.now)))
            return (desk.book, desk.user, later, app, codes, signed)
        }
        self.scratch = scratch
        (book, user, context, app, codes, signed) = made
    }

    func countProven(_ answers: [FactorAnswer]) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for node in 0..<4 {
                let share = answers.enumerated().filter { $0.offset % 4 == node }.map(\.element)
                group.addTask { try await countProven(share, onNodeOf: scratch) }
            }
            return try await group.reduce(0, +)
        }
    }

    private func countProven(_ share: [FactorAnswer], onNodeOf scratch: ScratchDatabase) async throws -> Int {
        try await scratch.visit { worker, database async throws in
            let ledger = Ledger(database: database, clock: .system, entropy: .system)
            let tally = Tally()
            for answer in share {
                worker.spawn {
                    let verdict = try? await ledger.change(context) { change in
                        try await book.check(answer, of: user, for: .stepUp, change)
                    }
                    tally.note(verdict)
                }
            }
            while tally.verdicts.count < share.count {
                await worker.reactor.sleep(nanoseconds: 5_000_000)
            }
            #expect(!tally.verdicts.contains(nil))
            return tally.verdicts.count { verdict in if case .proven = verdict { true } else { false } }
        }
    }

    private final class Tally {
        private(set) var verdicts: [FactorBook.Verdict?] = []

        func note(_ verdict: FactorBook.Verdict?) { verdicts.append(verdict) }
    }
}
