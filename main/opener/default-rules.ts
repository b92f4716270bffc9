/** The rules of the first start. From then on the file is the person's. */
export const DEFAULT_OPEN_RULES = `# Where files and links open: the first rule that matches says it. What none matches opens in a disposable VM.
# Whether something may go there at all is said by policy.yaml. Edit this file as you like: it counts a moment after you save
# it, and while there is a mistake in it, the rules before stay in force.
#
#   type: document, image, media, archive, text, program, web (links), mail, other, or "@any"
#   from: where it comes from: a VM's name, "@label:coral", "@role:vault", "@template:debian", "@disposable", "@any" VM,
#         or "@host", this machine, which has to be named
#   in:   here          where it comes from, with a program that is there
#         NAME          the VM of that name; while there is none, the rule matches nothing
#         disposable    a disposable VM that is made for it; with "template: NAME" from that template
#         ask           you are asked each time
#   edit: true          what is saved there comes back; otherwise it is only looked at
#
# A link to the machine itself, such as http://localhost, opens where it is. A vault opens links nowhere else, and from a
# disposable VM nothing goes on without your own choice, whatever is said here.

rules:
  # A vault opens links in itself.
  - type: web
    from: "@role:vault"
    in: here

  # A link in a file that nobody trusts leads where you say; files stay in that VM.
  - type: web
    from: "@disposable"
    in: ask
  - type: "@any"
    from: "@disposable"
    in: here

  # Links open in the browser of the VM "web".
  - type: web
    from: "@any"
    in: web
  - type: web
    from: "@host"
    in: web

  # Mail is written where your address book is.
  - type: mail
    from: "@host"
    in: ask

  # Files of this machine are looked at in a disposable VM.
  - type: "@any"
    from: "@host"
    in: disposable

  # A VM's own files open in it.
  - type: "@any"
    from: "@any"
    in: here
`;
