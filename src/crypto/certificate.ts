import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';

const generate = promisify(generateKeyPair);

/** The name under which a certificate of our own making is recognized, to be renewed when it nears its end. */
export const ownIssuer = 'Letterlock self-signed';

/**
 * Makes a self-signed certificate for a TLS listener, with node-forge, because Node itself cannot. RSA 2048.
 *
 * @param request.names DNS names it is good for; the first one becomes its subject
 * @param request.addresses IP addresses it is good for
 * @param request.now milliseconds since 1970
 */
export async function createSelfSignedCertificate(request: {
  names: readonly string[];
  addresses: readonly string[];
  now: number;
  years: number;
}): Promise<{ keyPem: string; certificatePem: string }> {
  const pair = await generate('rsa', { modulusLength: 2048, publicExponent: 65537 });
  const keyPem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const certificate = forge.pki.createCertificate();
  const publicPem = pair.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicPem);
  // Positive, at most 20 bytes (RFC 5280 §4.1.2.2).
  certificate.serialNumber = `4c${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(request.now - 60_000);
  const end = new Date(request.now);
  end.setUTCFullYear(end.getUTCFullYear() + request.years);
  certificate.validity.notAfter = end;
  const subject = [
    { name: 'commonName', value: request.names[0] ?? 'localhost' },
    { name: 'organizationName', value: ownIssuer },
  ];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: [
        ...request.names.map((value) => ({ type: 2, value })),
        ...request.addresses.map((ip) => ({ type: 7, ip })),
      ],
    },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(keyPem), forge.md.sha256.create());
  return { keyPem, certificatePem: forge.pki.certificateToPem(certificate) };
}
