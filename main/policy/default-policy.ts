/** The policy of the first start. From then on the file is the person's. */
export const DEFAULT_POLICY = `# What may cross between VMs. The first rule that matches decides; what none matches is denied.
# Edit it as you like: it counts a moment after you save it, and while there is a mistake in it, nothing may cross.
#
#   action:   clipboard.paste, file.send, file.open, url.open, net.connect, service.use, exec
#             or "@any": all of these but exec, which has to be named
#   from, to: a VM's name, "@label:coral", "@role:vault", "@template:debian", "@disposable", "@any",
#             and "@host", this machine, which has to be named; to: also "@same-label"
#             net.connect to: a name, "*.name", an address or a network, "@internet", another VM as "@vm:NAME",
#             each with ":PORT" if you like
#   decision: allow, ask or deny
#   and, if you like: type: text/plain or image/* (not of file.send)   maxBytes: 1000000   until: 2026-12-24T18:00:00Z
#                     notify: true (say when something has crossed)   scan: true (only what a scanner has passed)
#                     scanners: one (beside scan: of several scanners one is enough, else all have to pass a file)
#                     unscanned: ask (beside scan: you decide of a file that no scanner could look at)
#                     always: false (ask each time)
#
# "atoll policy check clipboard.paste --from home --to web" says what would happen, and which line says so.

rules:
  # A vault gives nothing away unasked.
  - action: net.connect
    from: "@role:vault"
    to: "@any"
    decision: deny
  - action: url.open
    from: "@role:vault"
    to: "@any"
    decision: deny
  - action: clipboard.paste
    from: "@role:vault"
    to: "@any"
    decision: ask
    always: false
  - action: clipboard.paste
    from: "@role:vault"
    to: "@host"
    decision: ask
    always: false
  - action: file.send
    from: "@role:vault"
    to: "@any"
    decision: ask
    always: false
  - action: file.send
    from: "@role:vault"
    to: "@host"
    decision: ask
    always: false
  - action: file.open
    from: "@role:vault"
    to: "@any"
    decision: ask
    always: false
  - action: file.open
    from: "@role:vault"
    to: "@host"
    decision: ask
    always: false
  - action: service.use
    from: "@role:vault"
    to: "@any"
    decision: ask
    always: false

  # The host is you, at the keyboard: "atoll exec" runs commands in VMs, and what you open may go to a disposable VM.
  - action: exec
    from: "@host"
    to: "@any"
    decision: allow
  - action: file.open
    from: "@host"
    to: "@disposable"
    decision: allow

  # All else into this machine, and out of it, is asked about.
  - action: "@any"
    from: "@any"
    to: "@host"
    decision: ask
  - action: "@any"
    from: "@host"
    to: "@any"
    decision: ask

  # What a disposable VM gets cannot come back by itself.
  - action: clipboard.paste
    from: "@any"
    to: "@disposable"
    decision: allow
  - action: file.open
    from: "@any"
    to: "@disposable"
    decision: allow

  # VMs of one label trust each other; between others you are asked.
  - action: clipboard.paste
    from: "@any"
    to: "@same-label"
    decision: allow
  - action: file.send
    from: "@any"
    to: "@same-label"
    decision: allow
  - action: file.open
    from: "@any"
    to: "@same-label"
    decision: allow
  - action: url.open
    from: "@any"
    to: "@same-label"
    decision: allow
  - action: clipboard.paste
    from: "@any"
    to: "@any"
    decision: ask
  - action: file.send
    from: "@any"
    to: "@any"
    decision: ask
  - action: file.open
    from: "@any"
    to: "@any"
    decision: ask
  - action: url.open
    from: "@any"
    to: "@any"
    decision: ask

  # VMs for programs reach the internet, where their network lets them.
  - action: net.connect
    from: "@role:app"
    to: "@internet"
    decision: allow

  # Nothing else.
  - action: "@any"
    from: "@any"
    to: "@any"
    decision: deny

# What must stay true whatever is changed above. A change that breaks one of these is not taken.
tests:
  - name: a vault opens no connection
    action: net.connect
    from: "@role:vault"
    to: example.org:443
    expect: deny
  - name: a vault opens no address
    action: url.open
    from: "@role:vault"
    to: "@any"
    expect: deny
  - name: only the host runs commands in VMs
    action: exec
    from: "@any"
    to: "@any"
    expect: deny
  - name: no VM runs commands on the host
    action: exec
    from: "@any"
    to: "@host"
    expect: deny
`;
