import EventLoop
import JSON
import Kernel
import TestSupport
import Testing

@testable import HTTPClient

/// Against a mail server that says what mail servers say, with TLS and log-in.
@Suite struct MailClientTests {
    private struct Order: Sendable {
        var server = "smtp"
        var host = "mail.example"
        var password: String? = "correct horse"
        var authority: String?
        var to = ["a@desk.example", "b@desk.example"]
        var allowance = Allowance.privateReceivers.ofMail
        var addresses = ["127.0.0.1"]
    }

    private func send(
        _ standIn: StandInChannels, _ change: (inout Order) -> Void = { _ in }
    ) async throws -> Result<MailReply, OutgoingError> {
        var order = Order(authority: standIn.authority)
        change(&order)
        let wanted = order
        let place = "https://\(wanted.host):\(standIn.port(wanted.server))"
        var mail = OutgoingMail(
            to: try OutgoingURL(place, allowance: .privateReceivers),
            isImplicitTLS: wanted.server == "smtps", user: wanted.password.map { _ in "keybell" },
            password: wanted.password, authority: wanted.authority, from: "keybell@desk.example",
            recipients: wanted.to,
            bytes: Array("Subject: x\r\n\r\nfirst\r\n.second\r\n..third\r\n".utf8),
            allowance: wanted.allowance)
        mail.timeLimits = .init(connect: .seconds(30), total: .seconds(60))
        let (worker, ready) = (try Worker(), mail)
        worker.start(name: "mail")
        defer { worker.stop() }
        return await worker.run { worker in
            let client = MailClient(
                on: worker.reactor, resolver: .answering([wanted.addresses]), addressGuard: AddressGuard())
            do throws(OutgoingError) {
                return .success(try await client.send(ready))
            } catch {
                return .failure(error)
            }
        }
    }

    @Test func `a mail goes out over TLS to somebody who is who they say, or not at all`() async throws {
        try await StandInChannels.with { standIn in
            for server in ["smtp", "smtps"] {
                let reply = try await send(standIn) { $0.server = server }.get()
                #expect(reply.code == 250, "\(reply)")
            }
            let mails = try await standIn.plainMails()
            #expect(mails.count == 2)
            #expect(mails.allSatisfy { $0.recipients == ["<a@desk.example>", "<b@desk.example>"] })
            #expect(try await standIn.mailLines().contains("EHLO desk.example"))

            let before = try await standIn.mailLines().count
            for change: (inout Order) -> Void in [
                { $0.server = "plain" }, { $0.authority = nil }, { $0.host = "other.example" },
            ] {
                let outcome = try await send(standIn, change)
                guard case .failure(.tls) = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            let said = try await standIn.mailLines().dropFirst(before)
            #expect(said.allSatisfy { $0.hasPrefix("EHLO") || $0 == "STARTTLS" || $0 == "QUIT" }, "\(said)")
        }
    }

    @Test func `what the server refuses is told in its words`() async throws {
        try await StandInChannels.with { standIn in
            let denied = try await send(standIn) { $0.password = "wrong" }.get()
            #expect(denied.code == 535 && denied.text.hasPrefix("535 5.7.8"), "\(denied)")
            let nobody = try await send(standIn) { $0.to = ["nobody@desk.example"] }.get()
            #expect(nobody.code == 550 && nobody.text.contains("no such mailbox"), "\(nobody)")
            let later = try await send(standIn) { $0.to = ["busy@desk.example"] }.get()
            #expect(later.code == 451, "\(later)")
            // One who left does not cost the others their mail, and is named.
            let some = try await send(standIn) { $0.to.insert("nobody@desk.example", at: 0) }.get()
            #expect(some.code == 250 && some.text.contains("550 5.1.1"), "\(some)")
            #expect(try await standIn.plainMails().map(\.recipients.count) == [2])
        }
    }

    @Test func `the address guard holds for mail, too`() async throws {
        try await StandInChannels.with { standIn in
            for change: (inout Order) -> Void in [
                { $0.allowance = Allowance.publicOnly.ofMail },
                { $0.addresses = ["127.0.0.1", "169.254.169.254"] },
                { $0.addresses = ["10.0.0.1", "0.0.0.0"] },
            ] {
                let outcome = try await send(standIn, change)
                guard case .failure(.refusedByPolicy) = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            #expect(try await standIn.mailLines().isEmpty)
        }
        #expect(Allowance.publicOnly.ofMail.ports == [465, 587, 2_525])
    }
}

extension StandInChannels {
    fileprivate func plainMails() async throws -> [(recipients: [String], sender: String)] {
        try await mails().map {
            ($0["recipients"]?.asArray?.compactMap(\.asString) ?? [], $0["sender"]?.asString ?? "")
        }
    }
}
