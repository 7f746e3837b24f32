import JSON

/// CloudEvents 1.0 in its HTTP binding: one JSON document, or the attributes as header fields and the data
/// as the body.
package enum CloudEventMode: String, CaseIterable, Sendable { case structured, binary }

enum CloudEventBody {
    static func request(_ notice: Notice, mode: CloudEventMode, source: String) -> ChannelRequest {
        let attributes = attributes(notice, source)
        switch mode {
        case .structured:
            var w = JSONWriter(capacity: 1_024)
            w.object { w in
                for (name, value) in attributes { w.field(name, value) }
                w.field("datacontenttype", "application/json")
                w.field("data", notice.data)
            }
            return ChannelRequest(contentType: "application/cloudevents+json", body: w.bytes)
        case .binary:
            let headers = attributes.map { name, value in
                ChannelRequest.Header(name: "ce-\(name)", value: encoded(value))
            }
            return ChannelRequest(headers: headers, body: JSONValue.object(notice.data).bytes)
        }
    }

    private static func attributes(_ notice: Notice, _ source: String) -> [(String, String)] {
        var attributes = [
            ("specversion", "1.0"), ("id", notice.id), ("source", source), ("type", "keybell.\(notice.type)"),
            ("time", notice.time),
        ]
        let subject = notice.data[notice.step == nil ? "subject" : "alert_id"]
        if let subject = subject?.asString, !subject.isEmpty { attributes.append(("subject", subject)) }
        if let number = notice.data["sequence"]?.asInt { attributes.append(("sequence", "\(number)")) }
        return attributes
    }

    /// HTTP binding, 3.1.3.2: what is not printable ASCII, and space, quote and percent, as their bytes.
    static func encoded(_ value: String) -> String {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        var text = String.UnicodeScalarView()
        for byte in value.utf8 {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "%") {
                text.append(Unicode.Scalar(byte))
            } else {
                text.append("%")
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
        return String(text)
    }
}
