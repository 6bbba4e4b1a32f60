import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { errorCatalogue } from '../core/errors.ts';
import type { AnyEndpoint } from './endpoint.ts';
import { type OpenApiDocument, sealedRefusals } from './openapi.ts';
import { pageHeaders } from './page-headers.ts';

const style = `
:root { color-scheme: light dark; --edge: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 56rem; }
h1 { margin-top: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--edge); }
code, pre { font: 0.9em/1.5 ui-monospace, monospace; }
pre { background: var(--soft); padding: 0.75rem; overflow-x: auto; border-radius: 6px; }
details { border: 1px solid var(--edge); border-radius: 6px; margin: 0.5rem 0; padding: 0.5rem 0.75rem; }
summary { cursor: pointer; } summary code { font-weight: 600; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { text-align: left; padding: 0.3rem 0.75rem 0.3rem 0; vertical-align: top; border-bottom: 1px solid var(--edge); }
.mark { font-size: 0.75em; border: 1px solid var(--edge); border-radius: 4px; padding: 0 0.4em; margin-left: 0.4em; }
`;

interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

/** The API on one page, for people: no script, nothing loaded from anywhere. */
export function docsPage(
  api: { endpoints: readonly AnyEndpoint[]; version: string; publicUrl: string },
  document: OpenApiDocument,
): { html: string; headers: Record<string, string> } {
  const groups = [...new Set(api.endpoints.map(({ group }) => group))];
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Letterlock API ${api.version}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <h1>Letterlock API</h1>
        <p>
          Version ${api.version}. The machine-readable form of this page is
          <a href="/openapi.json">openapi.json</a>. The server's identity keys are in
          <a href="/.well-known/jwks.json">jwks.json</a>.
        </p>
        <h2>How a request is sealed</h2>
        <p>
          A client posts its RSA public key in the clear to <code>/create_session_key</code> and gets an AES
          session key, wrapped for that key and signed by the server. From then on every request is the
          envelope below. Its <code>payload</code> is a JWE in compact form whose protected header holds
          <code>alg</code>: <code>dir</code>, <code>enc</code>, <code>seq</code> (a number never used before),
          <code>htu</code> (the path) and, where something is changed, <code>idem</code> if the client wants
          to be able to ask again. Inside are the fields listed below. The answer is sealed in the same way,
          with <code>re</code> (the request's <code>seq</code>) and <code>status</code> in its header.
        </p>
        <pre>
POST ${api.publicUrl}/me
{"session_key": "…", "payload": "header..iv.ciphertext.tag"}

200
{"payload": "header..iv.ciphertext.tag"}</pre>
        ${groups.map(
          (group) =>
            html`<h2>${group}</h2>
              ${api.endpoints.filter((endpoint) => endpoint.group === group).map((each) => section(each, document))}`,
        )}
        <h2>Codes</h2>
        <p>
          A refusal is a problem document with a <code>code</code>: sealed when the request was authentic, in
          the clear when there is no session to seal with. Any sealed request may get
          ${sealedRefusals.map((code, index) => html`${index === 0 ? '' : ', '}<code>${code}</code>`)}.
        </p>
        <table>
          <tr>
            <th>code</th>
            <th>status</th>
            <th></th>
          </tr>
          ${Object.entries(errorCatalogue).map(
            ([code, { status, title }]) =>
              html`<tr>
                <td><code>${code}</code></td>
                <td>${status}</td>
                <td>${title}</td>
              </tr>`,
          )}
        </table>
      </body>
    </html>`;
  // Nothing in the template is awaited, so it is text already.
  const text: string = page as HtmlEscapedString;
  return { html: text, headers: pageHeaders(text) };
}

function section(endpoint: AnyEndpoint, document: OpenApiDocument) {
  const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
  const operation = document.paths[path]?.['post'];
  return html`<details id="${path}">
    <summary>
      <code>POST ${path}</code> ${endpoint.summary}
      ${endpoint.login ? html`<span class="mark">login</span>` : ''}${
        endpoint.changes ? html`<span class="mark">idem</span>` : ''
      }
    </summary>
    <h4>Inside the payload</h4>
    ${fieldTable(fieldsOf(member(operation, 'requestBody'), document))}
    <h4>${endpoint.streams === true ? 'Inside each event' : 'Inside the answer'}</h4>
    ${fieldTable(fieldsOf(member(member(operation, 'responses'), '200'), document))}
    ${
      endpoint.refusals.length === 0
        ? ''
        : html`<p>
            Refusals:
            ${endpoint.refusals.map((code, at) => html`${at === 0 ? '' : ', '}<code>${code}</code>`)}
          </p>`
    }
  </details>`;
}

function fieldTable(fields: readonly Field[]) {
  if (fields.length === 0) return html`<p><code>{}</code></p>`;
  return html`<table>
    ${fields.map(
      (field) =>
        html`<tr>
          <td><code>${field.name}</code></td>
          <td>${field.type}</td>
          <td>${field.required ? '' : 'optional. '}${field.description}</td>
        </tr>`,
    )}
  </table>`;
}

/** The fields inside a sealed body, from its `contentSchema`. */
function fieldsOf(body: unknown, document: OpenApiDocument): Field[] {
  const content = member(body, 'content');
  const envelope = member(member(content, 'application/json'), 'schema');
  const event = member(member(content, 'text/event-stream'), 'schema');
  const sealed = event ?? member(member(envelope, 'properties'), 'payload');
  const inside = resolved(member(sealed, 'contentSchema'), document);
  const required = member(inside, 'required');
  return Object.entries(member(inside, 'properties') ?? {}).map(([name, schema]) => ({
    name,
    type: typeOf(schema, document),
    required: Array.isArray(required) && required.includes(name),
    description: textOf(member(resolved(schema, document), 'description')),
  }));
}

function typeOf(schema: unknown, document: OpenApiDocument): string {
  const target = resolved(schema, document);
  const choices = member(target, 'anyOf');
  if (Array.isArray(choices)) return choices.map((choice) => typeOf(choice, document)).join(' or ');
  const values = member(target, 'enum');
  if (Array.isArray(values)) return values.map(String).join(' or ');
  const type = textOf(member(target, 'type')) || 'any';
  if (type === 'array') return `list of ${typeOf(member(target, 'items'), document)}`;
  if (type !== 'object') return type;
  const names = Object.keys(member(target, 'properties') ?? {});
  return names.length === 0 ? 'object' : `{ ${names.join(', ')} }`;
}

function resolved(schema: unknown, document: OpenApiDocument): unknown {
  const reference = member(schema, '$ref');
  if (typeof reference !== 'string') return schema;
  return document.components.schemas[reference.slice('#/components/schemas/'.length)];
}

/** A member of whatever may be an object; the document is ours, so a missing one is simply not shown. */
function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
