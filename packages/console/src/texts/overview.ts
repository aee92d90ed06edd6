export const overviewTexts = {
  runs: (organisation: string) => `Credence runs for ${organisation}.`,
  lead: (roles: string) => `This program is ${roles}.`,
  servers: 'Servers',
  clients: 'Clients',
  administrators: 'Administrators',
  stops: 'Stopped now',
  record: 'Lines on the record',
  lag: (count: number) => `${count} not yet searchable`,
  addresses: 'Addresses',
  idp: 'Identity provider',
  ras: 'Authorization server',
  admin: 'Console and admin API',
} as const;
