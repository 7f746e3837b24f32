import JSON
import Testing

@testable import Channels

/// Bodies, byte for byte.
@Suite struct BodyTests {
    private func text(_ destination: Destination, _ notice: Notice) throws -> String {
        try #require(destination.request(.one(notice))).text
    }

    @Test func `Slack gets blocks of plain text and one link`() throws {
        let text = try text(.slack(url: ""), Notices.alert())
        #expect(
            text == """
                {"text":"CRITICAL: Withdrawal attempt: bot-7 tried to withdraw with key main","blocks":[\
                {"type":"header","text":{"type":"plain_text","text":"CRITICAL: Withdrawal attempt",\
                "emoji":false}},{"type":"section","text":{"type":"plain_text","text":\
                "bot-7 tried to withdraw with key main","emoji":false}},{"type":"section","fields":[\
                {"type":"plain_text","text":"event.key_id: key_1","emoji":false},\
                {"type":"plain_text","text":"desk: spot","emoji":false}]},{"type":"context","elements":[\
                {"type":"mrkdwn","text":"<https://keybell.example/v1/alerts/alert_1|Open the alert>",\
                "verbatim":true}]}],"unfurl_links":false,"unfurl_media":false}
                """)
    }

    @Test func `Discord gets a line, an embed and nobody to mention`() throws {
        let text = try text(.discord(url: ""), Notices.alert())
        #expect(
            text == #"""
                {"content":"CRITICAL\\: Withdrawal attempt","embeds":[{"title":"Open the alert",\#
                "url":"https://keybell.example/v1/alerts/alert_1","description":\#
                "bot\\-7 tried to withdraw with key main","color":12597547,\#
                "timestamp":"2026-01-05T08:00:00.000Z","fields":[\#
                {"name":"event\\.key\\_id","value":"key\\_1","inline":true},\#
                {"name":"desk","value":"spot","inline":true}]}],"allowed_mentions":{"parse":[]}}
                """#)
    }

    @Test func `Telegram gets HTML with what is not ours in code`() throws {
        let chat = Telegram(base: "https://api.telegram.org", token: "1:a", chat: "-1007", thread: 3)
        let text = try text(.telegram(chat), Notices.alert())
        #expect(
            text == #"""
                {"chat_id":-1007,"message_thread_id":3,"text":"<b>CRITICAL</b> \#
                <code>Withdrawal attempt</code>\n<code>bot-7 tried to withdraw with key main</code>\n\#
                <code>event.key_id</code>: <code>key_1</code>\n<code>desk</code>: <code>spot</code>\n\#
                <a href=\"https://keybell.example/v1/alerts/alert_1\">Open the alert</a>",\#
                "parse_mode":"HTML","link_preview_options":{"is_disabled":true}}
                """#)
        #expect(
            Destination.telegram(chat).url == "https://api.telegram.org/bot1:a/sendMessage")
    }

    @Test func `PagerDuty gets a trigger, an acknowledgement and a resolution under one key`() throws {
        let destination = Destination.pagerDuty(url: "", routingKey: "r0")
        #expect(
            try text(destination, Notices.alert()) == #"""
                {"routing_key":"r0","event_action":"trigger","dedup_key":"keybell/alert_1","payload":{\#
                "summary":"Withdrawal attempt: bot-7 tried to withdraw with key main",\#
                "source":"Keybell","severity":"critical","timestamp":"2026-01-05T08:00:00.000Z",\#
                "class":"alert.firing","custom_details":{"event.key_id":"key_1","desk":"spot"}},\#
                "client":"Keybell","client_url":"https://keybell.example/v1/alerts/alert_1",\#
                "links":[{"href":"https://keybell.example/v1/alerts/alert_1","text":"Open the alert"}]}
                """#)
        #expect(
            try text(destination, Notices.alert("alert.acknowledged"))
                == #"{"routing_key":"r0","event_action":"acknowledge","dedup_key":"keybell/alert_1"}"#)
        // What people say to each other opens no incident anew.
        for type in ["alert.commented", "alert.assigned"] {
            #expect(
                try text(destination, Notices.alert(type))
                    == #"{"routing_key":"r0","event_action":"acknowledge","dedup_key":"keybell/alert_1"}"#)
        }
        #expect(
            try text(destination, Notices.alert("alert.resolved"))
                == #"{"routing_key":"r0","event_action":"resolve","dedup_key":"keybell/alert_1"}"#)
        for severity in ["info", "warning", "critical"] {
            let request = destination.request(.one(try Notices.alert(severity: severity)))
            #expect(request?.json?["payload"]?["severity"]?.asString == severity)
        }
    }

    @Test func `an own event that names an alert is not taken for it`() throws {
        let own = try Notices.event(
            "custom.book", ["event_id": "evt_1", "subject": "book", "alert_id": "alert_1"])
        #expect(PagerDutyBody.key(own) == "keybell/evt_1")
        let event = CloudEventBody.request(own, mode: .structured, source: "/k").text
        #expect(try JSONValue.parse(Array(event.utf8))["subject"] == "book")
    }

    @Test func `Teams gets an Adaptive Card of text runs`() throws {
        let text = try text(.teams(url: ""), Notices.alert())
        #expect(
            text == #"""
                {"type":"message","attachments":[{"contentType":\#
                "application/vnd.microsoft.card.adaptive","contentUrl":null,"content":{"$schema":\#
                "http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard",\#
                "version":"1.4","body":[{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":\#
                "CRITICAL: Withdrawal attempt","weight":"bolder","color":"attention"}]},\#
                {"type":"RichTextBlock","inlines":[{"type":"TextRun","text":\#
                "bot-7 tried to withdraw with key main"}]},{"type":"RichTextBlock","inlines":[\#
                {"type":"TextRun","text":"event.key_id: ","weight":"bolder"},{"type":"TextRun","text":\#
                "key_1"}]},{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"desk: ",\#
                "weight":"bolder"},{"type":"TextRun","text":"spot"}]}],"actions":[\#
                {"type":"Action.OpenUrl","title":"Open the alert",\#
                "url":"https://keybell.example/v1/alerts/alert_1"}]}}]}
                """#)
    }

    @Test func `a flat object says what a person and a program want`() throws {
        let text = try text(
            .json(url: ""), Notices.event("key.revoked", ["event_id": "evt_1", "label": "main"]))
        #expect(
            text == #"""
                {"id":"msg_2","type":"key.revoked","time":"2026-01-05T08:00:00.000Z",\#
                "title":"key.revoked","text":"","severity":null,"link":null,"facts":{"label":"main"},\#
                "data":{"event_id":"evt_1","label":"main"}}
                """#)
    }

    @Test func `a CloudEvent is one document or header fields`() throws {
        let notice = try Notices.event(
            "custom.tick", ["event_id": "evt_1", "subject": "Zürich \"7\" 5%", "sequence": 4])
        let structured = try #require(
            Destination.cloudEvents(url: "", .structured, source: "/keybell").request(.one(notice)))
        #expect(structured.contentType == "application/cloudevents+json")
        #expect(
            structured.text == #"""
                {"specversion":"1.0","id":"msg_2","source":"/keybell","type":"keybell.custom.tick",\#
                "time":"2026-01-05T08:00:00.000Z","subject":"Zürich \"7\" 5%","sequence":"4",\#
                "datacontenttype":"application/json","data":{"event_id":"evt_1",\#
                "subject":"Zürich \"7\" 5%","sequence":4}}
                """#)
        let binary = try #require(
            Destination.cloudEvents(url: "", .binary, source: "/keybell").request(.one(notice)))
        #expect(binary.contentType == "application/json")
        #expect(
            binary.headers.map { "\($0.name): \($0.value)" } == [
                "ce-specversion: 1.0", "ce-id: msg_2", "ce-source: /keybell",
                "ce-type: keybell.custom.tick", "ce-time: 2026-01-05T08:00:00.000Z",
                "ce-subject: Z%C3%BCrich%20%227%22%205%25", "ce-sequence: 4",
            ])
        #expect(
            binary.text == #"{"event_id":"evt_1","subject":"Zürich \"7\" 5%","sequence":4}"#)
    }

    @Test func `a mail has both forms, a stable id and an encoded subject`() throws {
        let route = MailRoute(
            host: "mail.example", port: 465, isImplicitTLS: true, user: nil, password: nil,
            from: "keybell@desk.example", to: ["a@desk.example", "b@desk.example"])
        let notice = try Notices.alert(rule: "Abhebung für Zürich", sentence: "1 = 1 <b>")
        let mail = String(decoding: MailMessage(.one(notice), along: route).bytes, as: UTF8.self)
        #expect(
            mail
                == """
                Date: Mon, 05 Jan 2026 08:00:00 +0000
                From: Keybell <keybell@desk.example>
                To: a@desk.example,
                 b@desk.example
                Subject: =?UTF-8?B?Q1JJVElDQUw6IEFiaGVidW5nIGbDvHIgWsO8cmljaA==?=
                Message-ID: <msg_alert_1@desk.example>
                References: <alert_1@desk.example>
                Auto-Submitted: auto-generated
                MIME-Version: 1.0
                Content-Type: multipart/alternative; boundary="=_keybell_part"

                --=_keybell_part
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                CRITICAL: Abhebung f=C3=BCr Z=C3=BCrich
                1 =3D 1 <b>
                event.key_id: key_1
                desk: spot

                Open the alert: https://keybell.example/v1/alerts/alert_1

                --=_keybell_part
                Content-Type: text/html; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                <h3>CRITICAL: Abhebung f=C3=BCr Z=C3=BCrich</h3>
                <p>1 =3D 1 &lt;b&gt;</p>
                <ul>
                <li>event.key_id: key_1</li>
                <li>desk: spot</li>
                </ul>
                <p><a href=3D"https://keybell.example/v1/alerts/alert_1">Open the alert</a>=
                </p>

                --=_keybell_part--

                """.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n"))
    }
}
