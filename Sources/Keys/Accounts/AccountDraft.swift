import Access
import Exchanges
import JSON
import Kernel

/// What a client says of a new account.
struct AccountDraft {
    let exchange: ExchangeName
    let environment: Environment
    let name: String
    let uid: String?
    let parent: AccountID?
    let holder: String?
    let supportContact: String?

    init(_ fields: Fields) throws(FieldErrors) {
        var f = fields
        exchange = f.choice("exchange", ExchangeName.self)
        environment = f.choice("environment", Environment.self)
        name = f.name("name")
        uid = f.uid() ?? nil
        parent = f.parent() ?? nil
        holder = f.holder() ?? nil
        supportContact = f.supportContact() ?? nil
        try f.finish()
    }
}

/// A merge patch (RFC 7396) of an account: nil is "stays", an inner nil is "cleared".
struct AccountChange {
    let uid: String??
    let parent: AccountID??
    let holder: String??
    let supportContact: String??

    init(_ fields: Fields) throws(FieldErrors) {
        var f = fields
        uid = f.uid()
        parent = f.parent()
        holder = f.holder()
        supportContact = f.supportContact()
        if uid == nil, parent == nil, holder == nil, supportContact == nil {
            f.fail(code: FieldCode.tooFew, "must change something")
        }
        try f.finish()
    }
}

extension Fields {
    fileprivate mutating func uid() -> String?? { line("uid", 1...100) }
    fileprivate mutating func holder() -> String?? { line("holder", 1...200) }

    fileprivate mutating func parent() -> AccountID?? {
        guard has("parent_id") else { return nil }
        return .some(parsed(optional: "parent_id", expected: "the id of an account") { AccountID($0) })
    }

    fileprivate mutating func supportContact() -> String?? {
        guard has("support_contact") else { return nil }
        return .some(isNull("support_contact") ? nil : text("support_contact"))
    }

    private mutating func line(_ name: String, _ length: ClosedRange<Int>) -> String?? {
        guard has(name) else { return nil }
        let text = string(optional: name, length)
        if let text { checkName(name, text) }
        return .some(text)
    }
}
